export * from './contract.js';
export * from './event-store.contract.js';
export * from './idempotency-keys.contract.js';
export * from './operations-journal.contract.js';
export * from './read-models.contract.js';
export * from './tile-store.contract.js';
