export type * from './answers.js';
export type { BulkOptions, BulkVerification } from './bulk.js';
export type { Answer, CallOptions, CommandOptions } from './call.js';
export { type ClientOptions, createClient, type LedgerClient } from './client.js';
export type { LookUpOptions } from './commands.js';
export { type Fault, LedgerError, type LedgerErrorKind, type Problem } from './errors.js';
export type { EventsFilter, FollowOptions } from './events.js';
export type { InventoryFilter, SearchFilter } from './reports.js';
export { DEFAULT_RETRY, type RetryCause, type RetryOptions } from './retry.js';
