const NAME = /_SERVICE_(?:HOST|PORT)(?:_|$)|_PORT_\d+_/;
const ADDRESS = /^(?:tcp|udp|sctp):\/\//;

/**
 * Whether Kubernetes set this variable: it tells every pod of a namespace of a Service called "earshot…" by some such as
 * EARSHOT_SERVICE_HOST and EARSHOT_PORT=tcp://10.0.0.1:80, which mean nothing to us.
 * See https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables.
 */
export const isServiceLink = (name: string, value: string): boolean => NAME.test(name) || ADDRESS.test(value);
