import { hostStages } from '../handlers/host/main.ts';
import { holdYoungGeneration } from '../util/young-generation.ts';

// The process in which `serve` does its work; see handlers/host.
holdYoungGeneration();
await hostStages(process.argv[2] ?? '.');
