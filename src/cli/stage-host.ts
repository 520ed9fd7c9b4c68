import { hostStages } from '../handlers/host/main.ts';
import { asTyped } from './invocation.ts';
import { holdYoungGeneration } from '../util/young-generation.ts';

// The process in which `serve` does its work; see handlers/host.
holdYoungGeneration();
const [workDir = '.', words = 'earshot'] = process.argv.slice(2);
await hostStages(workDir, (text) => asTyped(text, { words }));
