import {
  foundIn,
  type Intake,
  type Sealed,
  type Sealing,
  type SealStatus,
  SealWatch,
} from '@stamp-ledger/app';
import { type EventStore, LIMITS, PortError } from '@stamp-ledger/ports';
import { atMost } from '../close-all.js';
import { intakeClosed } from '../sealing/intake.js';
import type { StatusFile } from '../sealing/status-file.js';
import { sleep } from '../sleep.js';

/** Sealing that another process does, as far as that process has told. */
export interface FollowedSealing extends Sealing {
  readonly intake: Intake;
  /** Not waited for: a log that does not answer must not hold up the end. */
  close(): void;
}

export interface FollowRequest {
  readonly file: StatusFile;
  readonly store: Pick<EventStore, 'head'>;
  /** What the sealer says cannot be read any more, or is no status: what it said last holds meanwhile. */
  readonly onUnreadable: (error: unknown) => void;
  readonly onFatal: (error: unknown) => void;
}

/**
 * Follows a sealer by looking at what it says, {@link LIMITS.sealStatusMilliseconds} apart, and at where the log ends,
 * {@link LIMITS.sealHeadMilliseconds} apart: how far sealing is behind is known that exactly. Intake is closed until the log
 * was found to reach as far as it is sealed, and whenever it does not: a status may be older than a restored log.
 */
export async function followSealing(request: FollowRequest): Promise<FollowedSealing> {
  const { store, onFatal } = request;
  const stopping = new AbortController();
  const { signal } = stopping;
  const watch = new SealWatch(() => performance.now());
  const statuses = new StatusReader(request);
  const look = async (): Promise<void> => {
    const status = await statuses.next();
    if (status !== undefined) watch.update(status);
  };
  let reaches = false;
  const lookAtHead = async (): Promise<void> => {
    // Taken first: what is sealed while the log is asked may be beyond its answer.
    const told = statuses.told();
    reaches = (await findHead(store, watch, told && sealedIn(told))) ?? reaches;
  };
  // Before anything is appended: what closes intake is known from the start.
  await look();
  const first = lookAtHead();
  first.catch(onFatal);
  // A log that is away holds up no start: intake is closed until it answers.
  await atMost(LIMITS.sealHeadMilliseconds, first);
  for (const running of [
    repeated(look, LIMITS.sealStatusMilliseconds, signal),
    first.then(() => repeated(lookAtHead, LIMITS.sealHeadMilliseconds, signal)),
  ])
    running.catch(onFatal);
  return {
    status: () => watch.status(),
    sealed: () => watch.sealed(),
    lagMilliseconds: () => watch.lagMilliseconds(),
    whenSealed: (position, ending) => watch.whenSealed(position, ending),
    intake: { closed: () => closedBy(statuses.told(), reaches) },
    close: () => stopping.abort(),
  };
}

async function repeated(look: () => Promise<void>, milliseconds: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await look();
    await sleep(milliseconds, signal);
  }
}

function closedBy(told: SealStatus | 'unreadable' | undefined, reaches: boolean): string | undefined {
  // Nothing is sealed before a sealer has run.
  if (told === undefined) return undefined;
  if (told === 'unreadable') return 'what the sealer says cannot be read';
  if (told.kind === 'starting' && told.sealed === undefined)
    return 'the sealer is comparing the log with the events';
  return intakeClosed(told) ?? (reaches ? undefined : 'the log was not found to have all that is sealed');
}

function sealedIn(told: SealStatus | 'unreadable'): Sealed | undefined {
  return told === 'unreadable' ? undefined : foundIn(told);
}

/** Whether the log reaches as far as it is sealed; undefined when it does not answer. */
async function findHead(
  store: Pick<EventStore, 'head'>,
  watch: SealWatch,
  sealed: Sealed | undefined,
): Promise<boolean | undefined> {
  try {
    const head = await store.head();
    if (head !== undefined) watch.grown(head);
    return sealed?.position === undefined || (head !== undefined && head >= sealed.position);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return undefined;
  }
}

/** Tells a status once; tells of trouble when it begins. */
class StatusReader {
  #seen: string | undefined;
  #told: SealStatus | undefined;
  #isTroubled = false;

  constructor(private readonly request: Pick<FollowRequest, 'file' | 'onUnreadable'>) {}

  /** What was read last; undefined when there was never anything. */
  told(): SealStatus | 'unreadable' | undefined {
    return this.#told ?? (this.#isTroubled ? 'unreadable' : undefined);
  }

  /** Undefined when there is nothing new. */
  async next(): Promise<SealStatus | undefined> {
    try {
      const text = await this.request.file.read();
      if (text === undefined || text === this.#seen) return undefined;
      const status = JSON.parse(text) as SealStatus;
      this.#seen = text;
      this.#told = status;
      this.#isTroubled = false;
      return status;
    } catch (error) {
      if (!this.#isTroubled) this.request.onUnreadable(error);
      this.#isTroubled = true;
      return undefined;
    }
  }
}
