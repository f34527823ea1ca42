import type { Position, RecordedEvent } from '@stamp-ledger/codec';
import { type EventStore, LIMITS, type TileStore } from '@stamp-ledger/ports';
import {
  cosignedSince,
  formatTlogProof,
  formatVkey,
  HASH_BYTES,
  type Hash,
  type HashReader,
  parseCheckpoint,
  parseNote,
  parseTilePath,
  proveInclusion,
  TILE_WIDTH,
  type Tile,
  TransparencyError,
  tileHashReader,
  tilePath,
  tileWidth,
} from '@stamp-ledger/transparency';
import { WeightedLru } from '../weighted-lru.js';
import { predecessorOf } from './continuation.js';
import { leafOf, readBundle, readTile } from './read-log.js';
import { type LogIdentity, verifiersOf } from './recover.js';
import { eventOfEntry } from './source.js';
import { haltOf } from './status.js';

/** Proof that one event is in the log. */
export interface EventProof {
  readonly leafIndex: number;
  /** A C2SP tlog-proof file, with the checkpoint it was made for. */
  readonly file: string;
}

/** What an event is found by. */
export interface LeafPlace {
  readonly position: Position;
  readonly leaf: Hash;
}

/** The transparency log as it is published: what outsiders fetch, and proofs out of it. */
export interface PublishedLog {
  /** The signed checkpoint; undefined before the first. */
  checkpoint(): Promise<Buffer | undefined>;
  /** The newest checkpoint that enough witnesses have cosigned; undefined before the first. */
  cosigned(): Promise<Buffer | undefined>;
  /** What that checkpoint covers, and since when, in seconds; undefined before the first. */
  quorum(): Promise<{ readonly size: number; readonly since: number } | undefined>;
  /** A tile or an entry bundle by its C2SP path; undefined for a path that names none, or one that is not there. */
  file(path: string): Promise<Buffer | undefined>;
  /** Public keys, one a line, the current one first; undefined before a sealer published them. */
  vkeys(): Promise<Buffer | undefined>;
  /**
   * Position of the last published event, undefined before the first; `unknown` when the log does not lead to it, since
   * it is damaged or the event is lost.
   */
  end(): Promise<Position | undefined | 'unknown'>;
  /** Leaf index of each event, undefined for one that is not published yet. All as of one checkpoint. */
  leafIndexes(events: readonly LeafPlace[]): Promise<readonly (number | undefined)[]>;
  /**
   * A proof of each event, undefined for one that is not published yet. By the newest checkpoint that enough witnesses have
   * cosigned where that covers the event, since who holds a proof may ask for their word; by the newest of all otherwise.
   */
  prove(events: readonly RecordedEvent[]): Promise<readonly (EventProof | undefined)[]>;
}

export function createPublishedLog({
  tiles,
  store,
  quorum,
}: {
  readonly tiles: Pick<TileStore, 'read' | 'readCheckpoint' | 'readCosigned' | 'readVkeys'>;
  readonly store: Pick<EventStore, 'readStream'>;
  /** So many cosignatures are enough. */
  readonly quorum: number;
}): PublishedLog {
  const beginnings: Beginnings = new WeightedLru(LIMITS.knownBundles);
  const kept = new KeptTiles(tiles);
  const viewOf = (note: Buffer | undefined): LogView | undefined =>
    note && new LogView({ tiles, kept, store, note, beginnings });
  const view = async (): Promise<LogView | undefined> => viewOf(await tiles.readCheckpoint());
  return {
    checkpoint: () => tiles.readCheckpoint(),
    cosigned: () => tiles.readCosigned(),
    quorum: async () => {
      const bytes = await tiles.readCosigned();
      if (bytes === undefined) return undefined;
      const { text, signatures } = parseNote(bytes);
      const since = cosignedSince(signatures, (found) => found.length >= quorum);
      return since === undefined ? undefined : { size: parseCheckpoint(text).size, since };
    },
    file: async (path) => (isTilePath(path) ? tiles.read(path) : undefined),
    vkeys: () => tiles.readVkeys(),
    end: async () => {
      try {
        return await (await view())?.end();
      } catch (error) {
        if (haltOf(error) !== undefined) return 'unknown';
        throw error;
      }
    },
    leafIndexes: async (events) => {
      const log = await view();
      return Promise.all(events.map((event) => log?.leafIndex(event)));
    },
    prove: async (events) => {
      // In this order: what is cosigned by then may be newer than the newest was.
      const newest = await view();
      const cosigned = viewOf(await tiles.readCosigned());
      return Promise.all(
        events.map(async (event): Promise<EventProof | undefined> => {
          const leafIndex = await newest?.leafIndex({ position: event.position, leaf: leafOf(event) });
          if (leafIndex === undefined) return undefined;
          return (cosigned?.covers(leafIndex) ? cosigned : newest)?.prove(leafIndex);
        }),
      );
    },
  };
}

/** Publishes the public keys of a log beside its checkpoint, for who serves it and does not hold its keys. */
export async function publishVkeys(
  tiles: Pick<TileStore, 'replaceVkeys'>,
  identity: LogIdentity,
): Promise<void> {
  const keys = verifiersOf(identity);
  await tiles.replaceVkeys(Buffer.from(keys.map((key) => `${formatVkey(key)}\n`).join('')));
}

function isTilePath(path: string): boolean {
  try {
    parseTilePath(path);
    return true;
  } catch (error) {
    if (error instanceof TransparencyError) return false;
    throw error;
  }
}

/** Position of the first event of bundles, by index. It never changes. */
type Beginnings = WeightedLru<number, Position>;

/** The tiles of hashes that were asked for last. A tile never changes, and those high up are in every proof. */
class KeptTiles {
  readonly #tiles = new WeightedLru<string, Promise<Buffer>>(LIMITS.keptTiles);

  constructor(private readonly files: Pick<TileStore, 'read'>) {}

  read(tile: Tile): Promise<Buffer> {
    const path = tilePath(tile);
    const kept = this.#tiles.get(path);
    if (kept !== undefined) return kept;
    const reading = readTile(this.files, tile);
    this.#tiles.set(path, reading, 1);
    reading.catch(() => this.#tiles.delete(path));
    return reading;
  }
}

/** The log at one checkpoint. */
class LogView {
  readonly #size: number;
  readonly #hashes: HashReader;

  constructor(
    private readonly from: {
      readonly tiles: Pick<TileStore, 'read'>;
      readonly kept: KeptTiles;
      readonly store: Pick<EventStore, 'readStream'>;
      readonly note: Buffer;
      readonly beginnings: Beginnings;
    },
  ) {
    this.#size = parseCheckpoint(parseNote(from.note).text).size;
    this.#hashes = tileHashReader({ size: this.#size, readTile: (tile) => from.kept.read(tile) });
  }

  async end(): Promise<Position | undefined | 'unknown'> {
    if (this.#size === 0) return undefined;
    const { tiles, store } = this.from;
    const index = Math.ceil(this.#size / TILE_WIDTH) - 1;
    const entry = (await readBundle(tiles, { index, size: this.#size })).at(-1);
    if (entry !== undefined && predecessorOf(entry) !== undefined) return undefined;
    return (entry && (await eventOfEntry(store, entry))?.position) ?? 'unknown';
  }

  async leafIndex({ position, leaf }: LeafPlace): Promise<number | undefined> {
    // Where positions are dense, as in the embedded log, this is the place, or behind the entry of a closed log the next
    // one; the tile says whether it is.
    const dense = Number(position.slice(0, 16)) - 1;
    if (Number.isSafeInteger(dense))
      for (const place of [dense, dense + 1]) if (await this.#isLeaf(place, leaf)) return place;
    const index = await this.#bundleOf(position);
    return index === undefined ? undefined : this.#leafIn(index, leaf);
  }

  covers(leafIndex: number): boolean {
    return leafIndex < this.#size;
  }

  async prove(leafIndex: number): Promise<EventProof> {
    const hashes = await proveInclusion({ index: leafIndex, size: this.#size, read: this.#hashes });
    const file = formatTlogProof({ index: leafIndex, hashes, checkpoint: this.from.note });
    return { leafIndex, file: file.toString() };
  }

  /**
   * The bundle that has an event if any has: leaves are in the order of positions, and the first entry of a bundle leads
   * to its event. The halves are cut at the same bundles whatever the size is, so that most of these are known already.
   */
  async #bundleOf(position: Position): Promise<number | undefined> {
    const count = Math.ceil(this.#size / TILE_WIDTH);
    if (count === 0) return undefined;
    let [low, step] = [0, 1];
    while (step < count) step *= 2;
    for (; step >= 1; step /= 2) {
      const middle = low + step;
      if (middle >= count) continue;
      const beginning = await this.#beginning(middle);
      if (beginning === undefined) return undefined;
      if (beginning <= position) low = middle;
    }
    return low;
  }

  async #beginning(index: number): Promise<Position | undefined> {
    const { tiles, store, beginnings } = this.from;
    const known = beginnings.get(index);
    if (known !== undefined) return known;
    const [entry] = await readBundle(tiles, { index, size: this.#size });
    const position = entry && (await eventOfEntry(store, entry))?.position;
    if (position !== undefined) beginnings.set(index, position, 1);
    return position;
  }

  async #isLeaf(leaf: number, hash: Hash): Promise<boolean> {
    if (leaf < 0 || leaf >= this.#size) return false;
    const bytes = await this.#leaves(Math.floor(leaf / TILE_WIDTH));
    const at = (leaf % TILE_WIDTH) * HASH_BYTES;
    return hash.equals(bytes.subarray(at, at + HASH_BYTES));
  }

  async #leafIn(index: number, hash: Hash): Promise<number | undefined> {
    const bytes = await this.#leaves(index);
    for (let at = 0; at * HASH_BYTES < bytes.length; at++)
      if (hash.equals(bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES))) return index * TILE_WIDTH + at;
    return undefined;
  }

  #leaves(index: number): Promise<Buffer> {
    return this.from.kept.read({ level: 0, index, width: tileWidth({ level: 0, index, size: this.#size }) });
  }
}
