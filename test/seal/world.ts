import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type RecoveryRequest, runSealer, type SealerRun, type SealStatus } from '@stamp-ledger/app';
import { entryText, type Position, type StreamName } from '@stamp-ledger/codec';
import {
  type EmbeddedEventStore,
  openCheckpointLock,
  openEmbeddedEventStore,
  openTileFiles,
} from '@stamp-ledger/embedded';
import type { StreamAppend } from '@stamp-ledger/ports';
import { decodeBundle, makeSigner, openCheckpoint, tilePath, tileWidth } from '@stamp-ledger/transparency';
import { sleep } from '@stamp-ledger/wiring';
import { eventAt } from '../app-move/moving.js';
import { temporaryDirectory } from '../contracts/embedded-stores.js';
import { leafOf, mth } from '../transparency/naive.js';

export const ORIGIN = 'ledger.example/log';
export const signerOf = (seed: number, name = ORIGIN) => makeSigner({ name, seed: Buffer.alloc(32, seed) });
export const IDENTITY = { origin: ORIGIN, signers: [signerOf(1)], retired: [] } as const;

/** An embedded log, its transparency log and its lock, on a directory that outlives them. */
export class World {
  #appended = 0;
  #lock: Awaited<ReturnType<typeof openCheckpointLock>>;

  private constructor(
    readonly directory: string,
    public store: EmbeddedEventStore,
    lock: Awaited<ReturnType<typeof openCheckpointLock>>,
  ) {
    this.#lock = lock;
  }

  static async begin(): Promise<World> {
    const directory = await temporaryDirectory();
    const store = await openEmbeddedEventStore({ directory: join(directory, 'events') });
    return new World(directory, store, await openCheckpointLock({ directory: join(directory, 'lock') }));
  }

  get tiles() {
    return openTileFiles({ directory: this.path('log') });
  }

  get lock() {
    return this.#lock;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  request(change: Partial<RecoveryRequest> = {}): RecoveryRequest {
    return { store: this.store, tiles: this.tiles, lock: this.lock, identity: IDENTITY, ...change };
  }

  /** Appends events to seven streams in turn. `text` tells histories apart. */
  async append(count: number, text?: string): Promise<void> {
    const appends: StreamAppend[] = [];
    for (let at = 0; at < count; at++, this.#appended++) {
      const revision = Math.floor(this.#appended / 7);
      appends.push({
        stream: `stamp-${this.#appended % 7}` as StreamName,
        expected: revision === 0 ? 'no-stream' : revision - 1,
        events: [eventAt(this.#appended, text)],
      });
    }
    for (let at = 0; at < appends.length; at += 5_000) await this.store.append(appends.slice(at, at + 5_000));
  }

  /** Runs a sealer until it has sealed every event, or halted. */
  async seal(change: Partial<SealerRun> = {}): Promise<SealStatus> {
    const stopping = new AbortController();
    const head = await this.store.head();
    let latest: SealStatus = { kind: 'starting' };
    await runSealer({
      ...this.request(),
      signal: stopping.signal,
      sleep,
      monotonicMilliseconds: () => performance.now(),
      waitForMore: (after, signal) => waitForMore(this.store, after, signal),
      onPortError: () => undefined,
      ...change,
      onStatus: (status) => {
        latest = status;
        change.onStatus?.(status);
        if (status.kind === 'running' && (status.sealed.position ?? '') >= (head ?? '')) stopping.abort();
      },
    });
    return latest;
  }

  /** A copy of the events, as a backup would be. */
  async backUp(name: string): Promise<void> {
    await this.store.close();
    await cp(this.path('events'), this.path(name), { recursive: true });
    await this.reopen();
  }

  /** Puts a backup in the place of the events. */
  async restore(name: string): Promise<void> {
    await this.store.close();
    await rm(this.path('events'), { recursive: true });
    await cp(this.path(name), this.path('events'), { recursive: true });
    await this.reopen();
    this.#appended = (await this.entries()).length;
  }

  async reopen(): Promise<void> {
    await this.store.close();
    this.store = await openEmbeddedEventStore({ directory: this.path('events') });
  }

  /** Loses the lock store, files and all. */
  async loseLock(): Promise<void> {
    this.#lock.close();
    await rm(this.path('lock'), { recursive: true });
    this.#lock = await openCheckpointLock({ directory: this.path('lock') });
  }

  /** The entries that the event store gives, from the first. */
  async entries(): Promise<Buffer[]> {
    const entries: Buffer[] = [];
    let after: Position | undefined;
    for (;;) {
      const page = await this.store.readAll({ limit: 5_000, ...(after && { after }) });
      entries.push(...page.map((event) => Buffer.from(entryText(event))));
      after = page.at(-1)?.position;
      if (after === undefined) return entries;
    }
  }

  /**
   * What an outsider finds who reads the whole published log, without any code of the sealer: its size, and that every
   * bundle hashes to the signed root.
   */
  async published(
    logKeys: readonly ReturnType<typeof signerOf>['verifier'][] = [IDENTITY.signers[0].verifier],
  ) {
    const note = await this.tiles.readCheckpoint();
    if (note === undefined) return undefined;
    const { size, root } = openCheckpoint(note, { origin: ORIGIN, logKeys });
    const entries: Buffer[] = [];
    for (let index = 0; index * 256 < size; index++) {
      const width = tileWidth({ level: 'entries', index, size });
      const bundle = await this.tiles.read(tilePath({ level: 'entries', index, width }));
      entries.push(...decodeBundle(bundle!, width));
    }
    return { size, note, entries, hashesToRoot: mth(entries.map(leafOf)).equals(root) };
  }

  async end(): Promise<void> {
    await this.store.close();
    this.#lock.close();
    await rm(this.directory, { recursive: true });
  }
}

export async function waitForMore(
  store: Pick<EmbeddedEventStore, 'follow'>,
  after: Position | undefined,
  signal: AbortSignal,
): Promise<void> {
  for await (const page of store.follow({ limit: 1, signal, ...(after && { after }) }))
    if (page.length > 0) return;
}
