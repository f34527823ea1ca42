export { adminTokenPath } from './admin-token.js';
export * from './configuration.js';
export { ConfigurationError } from './configuration-error.js';
export * from './engines.js';
export { type Health, startHealthServer } from './health-server.js';
export * from './logger.js';
export * from './open-ledger.js';
export { type OpenedStore, openConfiguredEventStore } from './open-store.js';
export { openEmbeddedReadModels } from './read-models/embedded-read-models.js';
export * from './run-service.js';
export { openCosigning } from './sealing/cosigning.js';
export { type EmbeddedSealing, openEmbeddedSealing } from './sealing/embedded-sealing.js';
export { httpWitness } from './sealing/http-witness.js';
export {
  KeyFault,
  type KeyPurpose,
  type KeyState,
  listKeys,
  makeKey,
  retireKey,
} from './sealing/operate-keys.js';
export {
  type AdoptedTree,
  adoptCheckpoint,
  LogFault,
  type SucceededLog,
  succeedLog,
} from './sealing/operate-log.js';
export { openReceipts, type Receipts } from './sealing/receipts.js';
export { StatusFile } from './sealing/status-file.js';
export { sleep } from './sleep.js';
