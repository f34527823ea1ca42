export { type ClosedLog, continuationEntry, predecessorOf } from './continuation.js';
export { type Cosigned, type CosignedTiles, type CosigningRequest, cosignedTiles } from './cosigned-tiles.js';
export { lastingGap, SealGapWatch, type ToldGap } from './gaps.js';
export { gatedStore, type Intake } from './intake.js';
export { type KeepSealedRun, keepSealed } from './keep-sealed.js';
export { createPublishedLog, type EventProof, type PublishedLog, publishVkeys } from './published-log.js';
export {
  type LogIdentity,
  type RecoveredLog,
  type RecoveryRequest,
  recover,
  signedTree,
  verifiersOf,
} from './recover.js';
export { type RefillRequest, refill } from './refill.js';
export { runSealer, type SealerRun } from './run-sealer.js';
export { type Sealing, SealWatch } from './sealing.js';
export {
  foundIn,
  type Halt,
  type HaltReason,
  haltOf,
  haltsIntake,
  type MissingEvents,
  type Sealed,
  type SealedRound,
  SealHalted,
  type SealStatus,
} from './status.js';
export { unwatchedIn } from './unwatched.js';
export { runWitnesses, shownByWitnesses, type WitnessRun } from './witnessing.js';
