import { entryText, type RecordedEvent } from '@stamp-ledger/codec';
import { type EventStore, LIMITS, type TileStore } from '@stamp-ledger/ports';
import {
  formatTlogProof,
  formatVkey,
  HASH_BYTES,
  type Hash,
  type HashReader,
  leafHash,
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
import { readBundle, readTile } from './read-log.js';
import type { LogIdentity } from './recover.js';
import { eventOfEntry } from './source.js';

/** Proof that one event is in the log. */
export interface EventProof {
  readonly leafIndex: number;
  /** A C2SP tlog-proof file, with the checkpoint it was made for. */
  readonly file: string;
}

/** The transparency log as it is published: what outsiders fetch, and proofs out of it. */
export interface PublishedLog {
  /** The signed checkpoint; undefined before the first. */
  checkpoint(): Promise<Buffer | undefined>;
  /** A tile or an entry bundle by its C2SP path; undefined for a path that names none, or one that is not there. */
  file(path: string): Promise<Buffer | undefined>;
  /** Public keys, the current one first. */
  vkeys(): readonly string[];
  /** Leaf index of each event, undefined for one that is not published yet. All as of one checkpoint. */
  leafIndexes(events: readonly RecordedEvent[]): Promise<readonly (number | undefined)[]>;
  /** A proof of each event, undefined for one that is not published yet. All by one checkpoint. */
  prove(events: readonly RecordedEvent[]): Promise<readonly (EventProof | undefined)[]>;
}

export function createPublishedLog({
  tiles,
  store,
  identity,
}: {
  readonly tiles: Pick<TileStore, 'read' | 'readCheckpoint'>;
  readonly store: Pick<EventStore, 'readAll' | 'readStream'>;
  readonly identity: LogIdentity;
}): PublishedLog {
  const keys = [...identity.signers.map(({ verifier }) => verifier), ...identity.retired];
  const vkeys = keys.map(formatVkey);
  const kept = new KeptTiles(tiles);
  const view = async (): Promise<LogView | undefined> => {
    const note = await tiles.readCheckpoint();
    return note && new LogView({ tiles, kept, store, note });
  };
  return {
    checkpoint: () => tiles.readCheckpoint(),
    file: async (path) => (isTilePath(path) ? tiles.read(path) : undefined),
    vkeys: () => vkeys,
    leafIndexes: async (events) => {
      const log = await view();
      return Promise.all(events.map((event) => log?.leafIndex(event)));
    },
    prove: async (events) => {
      const log = await view();
      return Promise.all(events.map((event) => log?.prove(event)));
    },
  };
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
      readonly store: Pick<EventStore, 'readAll' | 'readStream'>;
      readonly note: Buffer;
    },
  ) {
    this.#size = parseCheckpoint(parseNote(from.note).text).size;
    this.#hashes = tileHashReader({ size: this.#size, readTile: (tile) => from.kept.read(tile) });
  }

  async leafIndex(event: RecordedEvent): Promise<number | undefined> {
    const leaf = leafHash(Buffer.from(entryText(event)));
    // Where positions are dense, as in the embedded log, this is the place; the tile says whether it is.
    const dense = Number(event.position.slice(0, 16)) - 1;
    if (Number.isSafeInteger(dense) && (await this.#isLeaf(dense, leaf))) return dense;
    const found = await this.#search(event);
    return found !== undefined && (await this.#isLeaf(found, leaf)) ? found : undefined;
  }

  async prove(event: RecordedEvent): Promise<EventProof | undefined> {
    const leafIndex = await this.leafIndex(event);
    if (leafIndex === undefined) return undefined;
    const hashes = await proveInclusion({ index: leafIndex, size: this.#size, read: this.#hashes });
    const file = formatTlogProof({ index: leafIndex, hashes, checkpoint: this.from.note });
    return { leafIndex, file: file.toString() };
  }

  /** Leaves are in the order of positions, and every entry leads to its event. */
  async #search({ position }: RecordedEvent): Promise<number | undefined> {
    let [low, high] = [0, this.#size];
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2);
      const there = await this.#positionAt(middle);
      if (there === undefined) return undefined;
      if (there === position) return middle;
      if (there < position) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  async #positionAt(leaf: number): Promise<string | undefined> {
    const index = Math.floor(leaf / TILE_WIDTH);
    const entry = (await readBundle(this.from.tiles, { index, size: this.#size }))[leaf % TILE_WIDTH];
    return entry && (await eventOfEntry(this.from.store, entry))?.position;
  }

  async #isLeaf(leaf: number, hash: Hash): Promise<boolean> {
    if (leaf < 0 || leaf >= this.#size) return false;
    const index = Math.floor(leaf / TILE_WIDTH);
    const bytes = await this.from.kept.read({
      level: 0,
      index,
      width: tileWidth({ level: 0, index, size: this.#size }),
    });
    const at = (leaf % TILE_WIDTH) * HASH_BYTES;
    return hash.equals(bytes.subarray(at, at + HASH_BYTES));
  }
}
