import { hostStages } from '../handlers/host/main.ts';

// The process in which `serve` does its work; see handlers/host.
await hostStages(process.argv[2] ?? '.');
