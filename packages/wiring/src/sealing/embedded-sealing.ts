import {
  type Halt,
  haltOf,
  type Intake,
  type LogIdentity,
  publishVkeys,
  recover,
  refill,
  SealGapWatch,
  type Sealing,
  type SealStatus,
  SealWatch,
  signedTree,
} from '@stamp-ledger/app';
import type { Instant } from '@stamp-ledger/domain';
import { openCheckpointLock, openTileFiles } from '@stamp-ledger/embedded';
import {
  type CheckpointLock,
  type EventStore,
  LIMITS,
  type SealGap,
  type TileStore,
} from '@stamp-ledger/ports';
import { coalesced } from '../coalesced.js';
import type { Logger } from '../logger.js';
import type { CommittingStore } from '../read-models/embedded-read-models.js';
import type { WitnessSettings } from '../witness-settings.js';
import { askWitnesses } from './cosigning.js';
import { intakeClosed } from './intake.js';
import { logIdentity } from './log-keys.js';
import { sealingPlaces } from './places.js';
import { SealThread } from './seal-thread.js';

/** Sealing of the embedded log, in a thread of its own. */
export interface EmbeddedSealing extends Sealing {
  /** Closed while a new event could take a place that is sealed. */
  readonly intake: Intake;
  readonly identity: LogIdentity;
  readonly tiles: TileStore;
  /** Delays that were found since the last call. */
  takeGaps(): readonly SealGap[];
  /** Ends after the round at hand. */
  close(): Promise<void>;
}

export interface EmbeddedSealingOptions {
  /** Holds the events; the files of the log are kept in it. */
  readonly directory: string;
  readonly origin: string;
  readonly store: EventStore & CommittingStore;
  readonly logger: Logger;
  readonly now: () => Instant;
  readonly witnesses: WitnessSettings;
}

/**
 * Compares the log with the events before anything may be appended, then seals what comes. When the event store lacks
 * sealed events, they are put back from the bundles while intake stays closed, and it opens when all are there.
 */
export async function openEmbeddedSealing(options: EmbeddedSealingOptions): Promise<EmbeddedSealing> {
  const { directory, origin, store, witnesses } = options;
  const places = sealingPlaces(directory);
  const tiles = openTileFiles({ directory: places.tiles });
  const lock = await openCheckpointLock({ directory: places.lock });
  try {
    const signed = await lock.read();
    const logExists = signed !== undefined || (await tiles.readCheckpoint()) !== undefined;
    const identity = await logIdentity({ directory: places.keys, origin, logExists });
    await publishVkeys(tiles, identity);
    const sealing = new EmbeddedSealer(options, { identity, tiles, lock });
    await sealing.begin(
      () => new SealThread({ logDirectory: directory, places, origin, witnesses }, sealing),
    );
    const unsubscribe = store.onCommit(
      coalesced(LIMITS.sealNoticeMilliseconds, (head) => sealing.wake(head)),
    );
    return {
      status: () => sealing.watch.status(),
      sealed: () => sealing.watch.sealed(),
      lagMilliseconds: () => sealing.watch.lagMilliseconds(),
      whenSealed: (position, signal) => sealing.watch.whenSealed(position, signal),
      intake: { closed: () => sealing.closed() },
      identity,
      tiles,
      takeGaps: () => sealing.gaps.take(),
      close: async () => {
        unsubscribe();
        await sealing.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

interface LogFiles {
  readonly identity: LogIdentity;
  readonly tiles: TileStore;
  readonly lock: CheckpointLock;
}

class EmbeddedSealer {
  readonly watch = new SealWatch(() => performance.now());
  readonly gaps: SealGapWatch;
  #thread: SealThread | undefined;
  #refilling: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(
    private readonly options: EmbeddedSealingOptions,
    private readonly files: LogFiles,
  ) {
    this.gaps = new SealGapWatch(options.now);
  }

  /** Compares, and starts the thread or the refill. */
  async begin(start: () => SealThread): Promise<void> {
    const halt = await this.#compare();
    if (halt === undefined) return this.#start(start);
    if (halt.missing === undefined) return this.onStatus({ kind: 'halted', halt });
    this.onStatus({ kind: 'refilling', missing: halt.missing });
    this.#refilling = this.#refill(halt)
      .then(() => this.#start(start))
      .catch((error: unknown) => {
        const detail = error instanceof Error ? error.message : 'unknown error';
        this.onStatus({ kind: 'halted', halt: { ...halt, detail, ...haltOf(error) } });
      });
  }

  wake(head: Parameters<SealThread['wake']>[0]): void {
    this.watch.grown(head);
    this.#thread?.wake(head);
  }

  closed(): string | undefined {
    return intakeClosed(this.watch.status());
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#refilling;
    await this.#thread?.stop();
  }

  onStatus(status: SealStatus): void {
    const { logger } = this.options;
    if (status.kind === 'halted') logger.error({ ...status.halt }, 'sealing halted');
    if (status.kind === 'refilling')
      logger.warn(
        { ...status.missing },
        'the event store lacks sealed events: they are put back from the log',
      );
    if (status.kind === 'running' && status.round !== undefined) this.gaps.sealed(status.round);
    this.watch.update(status);
  }

  onNotCosigned(reason: string): void {
    this.options.logger.warn({ reason }, 'a checkpoint was not cosigned');
  }

  onWait(reason: string): void {
    this.options.logger.warn({ reason }, 'sealing waits');
  }

  async #compare(): Promise<Halt | undefined> {
    try {
      const { store, logger } = this.options;
      const shown = askWitnesses(this.options, logger);
      await recover({ ...this.files, store, shown });
      return undefined;
    } catch (error) {
      const halt = haltOf(error);
      if (halt === undefined) throw error;
      return halt;
    }
  }

  async #start(start: () => SealThread): Promise<void> {
    if (this.#closing) return;
    this.#thread = start();
    this.watch.update({ kind: 'starting' });
    const head = await this.options.store.head();
    if (head !== undefined) this.wake(head);
  }

  async #refill({ missing }: Halt): Promise<void> {
    const { identity, tiles, lock } = this.files;
    if (missing === undefined) return;
    const signed = await signedTree({ lock, identity });
    // The embedded log writes the appends of one call in their order.
    await refill({ store: this.options.store, tiles, signed, inOrderAppends: true });
    this.options.logger.info({ ...missing, size: signed.size }, 'the lost events are back, to the same root');
  }
}
