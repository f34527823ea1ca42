import { fromMilliseconds, toMilliseconds } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { LIMITS, type ProcessRun } from '@stamp-ledger/ports';
import type { ToldGap } from './gaps.js';

interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** Services that seal: the embedded ledger, and the sealer of the distributed one. */
const SEALING: ReadonlySet<string> = new Set(['ledger', 'sealer']);

/**
 * The parts of a window in which no process that seals is known to have run, longer than events may wait. One that was
 * killed may have run on for as long as it tells the journal nothing. Of what is told anyway nothing is told twice.
 */
export function unwatchedIn(
  { from, to }: Span,
  { runs, told }: { readonly runs: readonly ProcessRun[]; readonly told: readonly ToldGap[] },
): readonly Span[] {
  const end = toMilliseconds(to);
  const sealing = runs
    .filter(({ service }) => SEALING.has(service))
    .map(({ startedAt, stoppedAt, seenAt }) => ({
      from: toMilliseconds(startedAt),
      to: toMilliseconds(stoppedAt ?? seenAt) + (stoppedAt ? 0 : LIMITS.journalFlushMilliseconds),
    }));
  const covered = [...sealing, ...told.flatMap((gap) => timeOf(gap, end))].sort(
    (one, other) => one.from - other.from,
  );
  const spans: Span[] = [];
  let at = toMilliseconds(from);
  for (const run of [...covered, { from: end, to: end }]) {
    const next = Math.min(run.from, end);
    if (next - at > LIMITS.sealGapMilliseconds)
      spans.push({ from: fromMilliseconds(at), to: fromMilliseconds(next) });
    at = Math.max(at, run.to);
  }
  return spans;
}

/** A gap that lasts has no end yet; one that nobody knows the beginning of takes no time away. */
function timeOf(gap: ToldGap, end: number): { readonly from: number; readonly to: number }[] {
  if (gap.from === undefined) return [];
  const to = 'to' in gap && gap.to !== undefined ? toMilliseconds(gap.to) : end;
  return [{ from: toMilliseconds(gap.from), to }];
}
