import { TransparencyError } from './errors.js';
import { foldRight } from './frontier.js';
import { HASH_BYTES, type Hash, perfectRoot } from './hash.js';
import { checkCount } from './numbers.js';
import { checkTile } from './tile-reader.js';
import { hashesAtLevel, TILE_WIDTH, type Tile } from './tiles.js';

/** The right edge of the tree at one level of tiles: what stands in the tile that is not full yet. */
interface Edge {
  readonly index: number;
  width: number;
  readonly bytes: Buffer;
  changed: boolean;
}

/** A tile of hashes and its bytes: `width` times 32. */
export interface FilledTile {
  readonly tile: Tile;
  readonly bytes: Buffer;
}

/**
 * The partial tiles at the right edge of a tree of `size` leaves, from which {@link TileEdge.resume} goes on; lowest level
 * first. Levels whose last tile is full have none.
 *
 * @throws TransparencyError `out-of-range` if the size is none
 */
export function edgeTiles(size: number): readonly Tile[] {
  checkCount(size, 'a tree size');
  const tiles: Tile[] = [];
  for (let level = 0; hashesAtLevel(size, level) > 0; level++) {
    const hashes = hashesAtLevel(size, level);
    if (hashes % TILE_WIDTH > 0)
      tiles.push({ level, index: Math.floor(hashes / TILE_WIDTH), width: hashes % TILE_WIDTH });
  }
  return tiles;
}

/**
 * Appends to a tree and fills its tiles. Holds the right edge only: at most one tile a level. Nodes within a tile are
 * hashed once it is full, all at once. {@link takeTiles} hands out what is to be written, so that appending many leaves at
 * once writes each partial tile once.
 */
export class TileEdge {
  readonly #edges: Edge[] = [];
  readonly #full: FilledTile[] = [];
  #size: number;

  private constructor(size: number) {
    this.#size = size;
  }

  /** A tree without leaves. */
  static empty(): TileEdge {
    return new TileEdge(0);
  }

  /**
   * Goes on from a tree of `size` leaves by the bytes of its {@link edgeTiles}, in that order.
   *
   * @throws TransparencyError `bad-tile` if the tiles are not those, `out-of-range` if the size is none
   */
  static resume(size: number, tiles: readonly Uint8Array[]): TileEdge {
    const places = edgeTiles(size);
    if (places.length !== tiles.length)
      throw new TransparencyError('bad-tile', `the right edge of ${size} leaves has ${places.length} tiles`);
    const resumed = new TileEdge(size);
    places.forEach((tile, at) => {
      const { bytes } = resumed.#edgeAt(Number(tile.level));
      bytes.set(checkTile(tiles[at] ?? Buffer.alloc(0), tile));
    });
    return resumed;
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** Root hash of the tree as it stands. */
  root(): Hash {
    return foldRight(this.hashes());
  }

  /** The roots of the perfect subtrees, from left to right: what a {@link Frontier} of this size holds. */
  hashes(): readonly Hash[] {
    const roots: Hash[] = [];
    for (let level = 0; hashesAtLevel(this.#size, level) > 0; level++)
      roots.unshift(...perfectRoots(this.#edgeAt(level)));
    return roots;
  }

  /**
   * Appends leaves by their hashes, which stand one behind the other.
   *
   * @throws TransparencyError `bad-hash` if the bytes are no multiple of 32, `out-of-range` beyond 2^53 - 1 leaves
   */
  append(leaves: Uint8Array): void {
    const count = leaves.length / HASH_BYTES;
    if (!Number.isInteger(count)) throw new TransparencyError('bad-hash', 'a leaf is not 32 bytes');
    checkCount(this.#size + count, 'a tree size');
    for (let from = 0; from < count; ) {
      const { width } = this.#edgeAt(0);
      const to = Math.min(count, from + TILE_WIDTH - width);
      this.#fill(0, leaves.subarray(from * HASH_BYTES, to * HASH_BYTES));
      from = to;
    }
    this.#size += count;
  }

  /**
   * The tiles that changed since they were last taken: the full ones, and each changed partial one at the right edge. The
   * bytes are the caller's.
   */
  takeTiles(): readonly FilledTile[] {
    const tiles = this.#full.splice(0);
    this.#edges.forEach((edge, level) => {
      if (!edge.changed || edge.width === 0) return;
      edge.changed = false;
      const bytes = Buffer.from(edge.bytes.subarray(0, edge.width * HASH_BYTES));
      tiles.push({ tile: { level, index: edge.index, width: edge.width }, bytes });
    });
    return tiles;
  }

  /** Puts hashes into the tile at the edge of a level, which has room for them; a full one goes into the level above. */
  #fill(level: number, hashes: Uint8Array): void {
    const edge = this.#edgeAt(level);
    edge.bytes.set(hashes, edge.width * HASH_BYTES);
    edge.width += hashes.length / HASH_BYTES;
    edge.changed = true;
    if (edge.width < TILE_WIDTH) return;
    this.#full.push({ tile: { level, index: edge.index, width: TILE_WIDTH }, bytes: edge.bytes });
    this.#fill(level + 1, perfectRoot(edge.bytes));
    this.#edges[level] = emptyEdge(edge.index + 1);
  }

  #edgeAt(level: number): Edge {
    const hashes = hashesAtLevel(this.#size, level);
    const edge = this.#edges[level] ?? {
      ...emptyEdge(Math.floor(hashes / TILE_WIDTH)),
      width: hashes % TILE_WIDTH,
    };
    this.#edges[level] = edge;
    return edge;
  }
}

const emptyEdge = (index: number): Edge => ({
  index,
  width: 0,
  bytes: Buffer.alloc(TILE_WIDTH * HASH_BYTES),
  changed: false,
});

/** Of the hashes in a tile that is not full: the roots of the perfect subtrees that they make, from left to right. */
function perfectRoots({ bytes, width }: Edge): Hash[] {
  const roots: Hash[] = [];
  let from = 0;
  for (let span = TILE_WIDTH; span >= 1; span /= 2) {
    if (width - from < span) continue;
    roots.push(perfectRoot(bytes.subarray(from * HASH_BYTES, (from + span) * HASH_BYTES)));
    from += span;
  }
  return roots;
}
