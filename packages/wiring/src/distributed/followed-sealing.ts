import { type Intake, type Sealing, type SealStatus, SealWatch } from '@stamp-ledger/app';
import { type EventStore, LIMITS, PortError } from '@stamp-ledger/ports';
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
 * {@link LIMITS.sealHeadMilliseconds} apart: how far sealing is behind is known that exactly.
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
  // Before anything is appended: what halts intake is known from the start.
  await look();
  for (const running of [
    repeated(look, LIMITS.sealStatusMilliseconds, signal),
    repeated(() => findHead(store, watch), LIMITS.sealHeadMilliseconds, signal),
  ])
    running.catch(onFatal);
  return {
    status: () => watch.status(),
    sealed: () => watch.sealed(),
    lagMilliseconds: () => watch.lagMilliseconds(),
    whenSealed: (position, ending) => watch.whenSealed(position, ending),
    intake: { closed: () => intakeClosed(watch.status()) },
    close: () => stopping.abort(),
  };
}

async function repeated(look: () => Promise<void>, milliseconds: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await look();
    await sleep(milliseconds, signal);
  }
}

async function findHead(store: Pick<EventStore, 'head'>, watch: SealWatch): Promise<void> {
  try {
    const head = await store.head();
    if (head !== undefined) watch.grown(head);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
  }
}

/** Tells a status once; tells of trouble when it begins. */
class StatusReader {
  #seen: string | undefined;
  #isTroubled = false;

  constructor(private readonly request: Pick<FollowRequest, 'file' | 'onUnreadable'>) {}

  /** Undefined when there is nothing new. */
  async next(): Promise<SealStatus | undefined> {
    try {
      const text = await this.request.file.read();
      if (text === undefined || text === this.#seen) return undefined;
      const status = JSON.parse(text) as SealStatus;
      this.#seen = text;
      this.#isTroubled = false;
      return status;
    } catch (error) {
      if (!this.#isTroubled) this.request.onUnreadable(error);
      this.#isTroubled = true;
      return undefined;
    }
  }
}
