export { money, parseSerial } from '@stamp-ledger/domain';
export { LIMITS, PortError } from '@stamp-ledger/ports';
export type { Context } from './context.js';
export { createContext, createLedger } from './create-ledger.js';
export { runJobs } from './jobs/run-jobs.js';
export * from './ledger.js';
export * from './project/index.js';
export { type RelayRun, type RelayStatus, runRelay } from './relay.js';
export { OWNS_EVERYTHING } from './work-keys.js';
