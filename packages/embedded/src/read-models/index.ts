export { openEmbeddedProjectionStore } from './projection-store.js';
export { openEmbeddedQueries } from './queries.js';
export { READ_MODELS_VERSION, readModelsFile } from './schema.js';
export { inspectEmbeddedReadModels } from './usable.js';
