/** Models: what there is (the catalogue), what is on this machine, and how to get it. The folder is given by config. */
export { catalogue, findModel } from './catalogue.ts';
export { modelFolder } from './folder.ts';
export {
  isInstalled,
  listModels,
  modelFile,
  modelFiles,
  type InstalledFile,
  type ListedModel,
} from './installed.ts';
export { modelBytes, type Model, type ModelEngine, type ModelFile, type ModelTask } from './model.ts';
export { pullModel, type PullOptions } from './pull.ts';
export { removeModel } from './remove.ts';
export { verifyModel, type VerifiedFile, type VerifiedModel } from './verify.ts';
