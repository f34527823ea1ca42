export { connectionStringFor, type EventStoreDbAddress } from './connection-string.js';
export { type EventStoreDbOptions, openEventStoreDb } from './event-store.js';
export { EVENT_STORE_DB_LIMITS, EVENT_STORE_DB_TIMES, type EventStoreDbTimes } from './limits.js';
export { formatPosition, type Place, parsePosition } from './position.js';
