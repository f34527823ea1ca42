export { adminTokenPath } from './admin-token.js';
export * from './configuration.js';
export * from './logger.js';
export * from './open-ledger.js';
export { openEmbeddedReadModels } from './read-models/embedded-read-models.js';
export { sleep } from './sleep.js';
