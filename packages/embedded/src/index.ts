export { type DirectoryLock, lockDirectory } from './event-log/directory-lock.js';
export {
  type EmbeddedEventStore,
  type EmbeddedEventStoreOptions,
  openEmbeddedEventStore,
} from './event-log/event-store.js';
export { EmbeddedLogReader, openEmbeddedLogReader } from './event-log/log-reader.js';
export { hasEmbeddedLog } from './event-log/schema.js';
export {
  type EmbeddedIdempotencyKeysOptions,
  type KnownRequest,
  openEmbeddedIdempotencyKeys,
} from './idempotency-keys.js';
export { openEmbeddedOperationsJournal } from './operations-journal.js';
export * from './read-models/index.js';
export { CHECKPOINT_LOCK_FILE, openCheckpointLock } from './tile-files/checkpoint-lock.js';
export { openTileFiles } from './tile-files/tile-files.js';
