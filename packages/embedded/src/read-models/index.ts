export {
  openEmbeddedBuild,
  READ_MODEL_PARTS,
  type ReadModelPart,
  type ReadModelsBuild,
} from './build-store.js';
export { READ_MODELS_VERSION } from './layout.js';
export { openEmbeddedProjectionStore } from './projection-store.js';
export { openEmbeddedQueries } from './queries.js';
export { lookUpFile, readModelsFile } from './schema.js';
export { inspectEmbeddedReadModels } from './usable.js';
