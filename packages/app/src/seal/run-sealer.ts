import type { Position } from '@stamp-ledger/codec';
import type { Instant } from '@stamp-ledger/domain';
import { LIMITS, PortError } from '@stamp-ledger/ports';
import { signCheckpoint } from '@stamp-ledger/transparency';
import { recordedIn } from './gaps.js';
import type { Growth, Round } from './growth.js';
import { type RecoveredLog, type RecoveryRequest, recover } from './recover.js';
import { readEntries } from './source.js';
import { foundIn, halted, haltOf, type Sealed, type SealedRound, type SealStatus } from './status.js';

export interface SealerRun extends RecoveryRequest {
  readonly signal: AbortSignal;
  /** Resolves after so many milliseconds, or at once when `signal` aborts. */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly monotonicMilliseconds: () => number;
  /** Resolves when the log has an event after `after`, or `signal` aborts. */
  readonly waitForMore: (after: Position | undefined, signal: AbortSignal) => Promise<void>;
  readonly onStatus: (status: SealStatus) => void;
  /** A port failed and is tried again. */
  readonly onPortError: (error: PortError) => void;
}

/**
 * Seals the log until `signal` aborts or it has to halt: recovers, then round after round reads the events behind the last
 * sealed one, makes their leaves, tiles and bundles durable, signs, puts the signed checkpoint in the lock store and only
 * then publishes it. A failing port is tried again; what must not go on is told as the status `halted`. Any other error
 * rejects.
 */
export async function runSealer(given: SealerRun): Promise<void> {
  let last: SealStatus | undefined;
  const onStatus = (status: SealStatus): void => {
    last = status;
    given.onStatus(status);
  };
  const run: Run = {
    ...given,
    onStatus,
    onSigning: (signed) => {
      if (last?.kind === 'running' && foundIn(last)?.size !== signed.size)
        onStatus({ kind: 'running', sealed: last.sealed, signed });
    },
  };
  const sealOn = async (): Promise<void> => {
    last = undefined;
    const recovered = await recover(run);
    const { size, position } = recovered.growth;
    onStatus({ kind: 'starting', sealed: { size, ...(position && { position }) } });
    await sealRounds(run, recovered);
  };
  try {
    // An event store that was away may come back as an older backup of itself: every round after a failure of it begins
    // with a recovery, and every one after a round in which that could go unseen.
    while (!run.signal.aborted) await retried(run, sealOn);
  } catch (error) {
    const halt = haltOf(error);
    if (halt === undefined) throw error;
    const sealed = last && foundIn(last);
    onStatus({ kind: 'halted', halt, ...(sealed && { sealed }) });
  }
}

interface Run extends SealerRun {
  /** The event store has every event of what is signed next: from now on it must not end before that. */
  readonly onSigning: (signed: Sealed) => void;
}

/** Until `signal` aborts, or a round took so long that the log has to be compared with the events again. */
async function sealRounds(run: Run, { growth, signed }: RecoveredLog): Promise<void> {
  // Also without new events: what was signed may not be published yet, or the signers may be others than before.
  let sealing = sealed(run, { round: growth.takeRound() }, Promise.resolve(signed));
  try {
    while (!run.signal.aborted) {
      const begun = run.monotonicMilliseconds();
      // The next events are read and hashed while the files of the round before are written.
      const { isBacklog, added } = await readRound(run, growth);
      const before = sealing;
      if ((await before) === undefined) return;
      if (growth.hasNew)
        sealing = sealed(run, { round: growth.takeRound(), ...(added && { added }) }, before);
      if (isBacklog) continue;
      if ((await sealing) === undefined) return;
      await run.waitForMore(growth.position, run.signal);
      const rest = LIMITS.sealIntervalMilliseconds - (run.monotonicMilliseconds() - begun);
      if (rest > 0) await run.sleep(rest, run.signal);
    }
  } finally {
    // Nothing may begin anew while a round of before is still being written.
    await sealing.then(undefined, () => undefined);
  }
}

/** Seals a round. Whoever awaits the promise gets its failure; until then it does not count as unhandled. */
function sealed(
  run: Run,
  ready: ReadyRound,
  before: Promise<Buffer | undefined>,
): Promise<Buffer | undefined> {
  const sealing = before.then((signed) => seal(run, ready, signed));
  sealing.catch(() => undefined);
  return sealing;
}

/** Reads events into the growth. `isBacklog`: there may be more at once. */
async function readRound(
  run: SealerRun,
  growth: Growth,
): Promise<{ readonly isBacklog: boolean; readonly added?: SealedRound }> {
  const before = growth.size;
  let since: Instant | undefined;
  for (;;) {
    const page = await readEntries(run.store, { after: growth.position, limit: LIMITS.sealReadEvents });
    const [first] = page.entries;
    if (first !== undefined) since ??= recordedIn(first);
    growth.add(page);
    const events = growth.size - before;
    const isBacklog = page.entries.length === LIMITS.sealReadEvents;
    if (!isBacklog || events >= LIMITS.sealEvents)
      return { isBacklog, ...(since !== undefined && { added: { events, since } }) };
  }
}

interface ReadyRound {
  readonly round: Round;
  /** Absent for a round without new events, and when the first of them does not say since when it waits. */
  readonly added?: SealedRound;
}

/**
 * One round made durable and published; the checkpoint signed for it. Undefined when nothing may be sealed after it by what
 * is known: when `signal` aborted before, or when the events may be others than those that were read before it.
 */
async function seal(
  run: Run,
  { round: { files, filled, size, root, position }, added }: ReadyRound,
  before: Buffer | undefined,
): Promise<Buffer | undefined> {
  const { tiles, lock, identity } = run;
  const signed = signCheckpoint({ origin: identity.origin, size, root }, identity.signers);
  const sealed = { size, ...(position && { position }) };
  const begun = run.monotonicMilliseconds();
  return retried(run, async () => {
    await tiles.write(files);
    // Before it is signed: who takes events must know, whatever becomes of this process after.
    run.onSigning(sealed);
    if (!(await lock.replace({ from: before, to: signed })))
      throw halted('overtaken', `another sealer signed a checkpoint before size ${size}`);
    await tiles.replaceCheckpoint(signed);
    for (const path of filled) await tiles.discardPartials(path);
    run.onStatus({ kind: 'running', sealed, ...(added && { round: added }) });
    // Witnesses may have been waited for, for days.
    const isRecent = run.monotonicMilliseconds() - begun <= LIMITS.sealRetryMillisecondsMax;
    return isRecent ? signed : undefined;
  });
}

/** Repeats a call while a port is unavailable; undefined when `signal` aborted first. */
async function retried<Result>(run: SealerRun, call: () => Promise<Result>): Promise<Result | undefined> {
  for (let failures = 0; !run.signal.aborted; failures++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof PortError) || error.kind === 'corrupt') throw error;
      run.onPortError(error);
      const pause = LIMITS.sealRetryMilliseconds * 2 ** Math.min(failures, 16);
      await run.sleep(Math.min(pause, LIMITS.sealRetryMillisecondsMax), run.signal);
    }
  }
  return undefined;
}
