export { money, parseSerial } from '@stamp-ledger/domain';
export {
  type AuditedLog,
  fromThousandths,
  LIMITS,
  PortError,
  toThousandths,
} from '@stamp-ledger/ports';
export {
  formatVkey,
  isLogKey,
  openCheckpoint,
  openOfPolicy,
  parsePolicy,
  parseVkey,
  TransparencyError,
} from '@stamp-ledger/transparency';
export type { Context } from './context.js';
export { createContext, createLedger, withOperations } from './create-ledger.js';
export { runJobs } from './jobs/run-jobs.js';
export * from './ledger.js';
export * from './log-audit/index.js';
export * from './move/index.js';
export { OperationsRecorder } from './operations-recorder.js';
export { type OverdueCause, type OverdueOrders, watchOverdue } from './overdue.js';
export * from './project/index.js';
export { Overbooking } from './queue/overbooking.js';
export { type RelayRun, type RelayStatus, runRelay } from './relay.js';
export * from './seal/index.js';
export { Waiting } from './waiting.js';
export { OWNS_EVERYTHING } from './work-keys.js';
