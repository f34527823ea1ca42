export { type LogIdentity, type RecoveredLog, type RecoveryRequest, recover } from './recover.js';
export { type RefillRequest, refill } from './refill.js';
export { runSealer, type SealerRun } from './run-sealer.js';
export {
  type Halt,
  type HaltReason,
  haltOf,
  haltsIntake,
  type MissingEvents,
  type Sealed,
  SealHalted,
  type SealStatus,
} from './status.js';
