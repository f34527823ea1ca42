export {
  type EmbeddedEventStore,
  type EmbeddedEventStoreOptions,
  openEmbeddedEventStore,
} from './event-log/event-store.js';
export { EmbeddedLogReader, openEmbeddedLogReader } from './event-log/log-reader.js';
export {
  type EmbeddedIdempotencyKeysOptions,
  type KnownRequest,
  openEmbeddedIdempotencyKeys,
} from './idempotency-keys.js';
export { openEmbeddedOperationsJournal } from './operations-journal.js';
export * from './read-models/index.js';
