import { type BatchId, type Channel, DIRECT_CHANNEL } from '@stamp-ledger/domain';
import type { WorkShare } from '@stamp-ledger/ports';

/** What the jobs are divided by: one process at a time takes up the work of one key. */
export const WORK_KEYS = {
  minting: (batchId: BatchId): string => `batch ${batchId}`,
  /** Allocations all take from the issuer's stock. */
  allocation: `channel ${DIRECT_CHANNEL}`,
  channel: (channel: Channel): string => `channel ${channel}`,
  expiry: 'expiry',
  replenishment: 'replenishment',
  'log-keys': 'log-keys',
} as const;

/** For a ledger whose jobs all run in one process. */
export const OWNS_EVERYTHING: WorkShare = {
  owns: () => true,
  term: () => 0,
  close: () => Promise.resolve(),
};
