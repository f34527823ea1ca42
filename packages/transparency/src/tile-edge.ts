import { TransparencyError } from './errors.js';
import { Frontier, type NodeListener } from './frontier.js';
import { HASH_BYTES, type Hash } from './hash.js';
import { splitTile } from './tile-reader.js';
import { hashesAtLevel, TILE_WIDTH, type Tile } from './tiles.js';

const TILE_HEIGHT = 8;

/** The right edge of the tree at one level of tiles: what stands in the tile that is not full yet. */
interface Edge {
  index: number;
  width: number;
  bytes: Buffer;
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
  const tiles: Tile[] = [];
  for (let level = 0; hashesAtLevel(size, level) > 0; level++) {
    const hashes = hashesAtLevel(size, level);
    if (hashes % TILE_WIDTH > 0)
      tiles.push({ level, index: Math.floor(hashes / TILE_WIDTH), width: hashes % TILE_WIDTH });
  }
  return tiles;
}

/**
 * Appends to a tree and fills its tiles. Holds the right edge only: at most one tile a level, and the frontier.
 * {@link takeTiles} hands out what is to be written, so that appending many leaves at once writes each partial tile once.
 */
export class TileEdge {
  readonly #edges: Edge[] = [];
  readonly #frontier: Frontier;
  readonly #full: FilledTile[] = [];

  private constructor(frontier: Frontier) {
    this.#frontier = frontier;
  }

  /** A tree without leaves. */
  static empty(): TileEdge {
    return new TileEdge(new Frontier());
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
    /** Roots of perfect subtrees from the right, as each level's odd neighbours join into them. */
    const roots: Hash[] = [];
    const edges: Edge[] = [];
    places.forEach((tile, at) => {
      const hashes = splitTile(tiles[at] ?? Buffer.alloc(0), tile);
      const frontier = new Frontier();
      for (const hash of hashes) frontier.append(hash);
      roots.unshift(...frontier.hashes());
      const level = typeof tile.level === 'number' ? tile.level : 0;
      edges[level] = filled(tile.index, hashes);
    });
    const resumed = new TileEdge(new Frontier(size, roots));
    for (let level = 0; level < edges.length; level++)
      resumed.#edges[level] = edges[level] ?? filled(hashesAtLevel(size, level) / TILE_WIDTH, []);
    return resumed;
  }

  /** Leaves so far. */
  get size(): number {
    return this.#frontier.size;
  }

  /** Root hash of the tree as it stands. */
  root(): Hash {
    return this.#frontier.root();
  }

  /** The roots of the perfect subtrees, from left to right: what a {@link Frontier} of this size holds. */
  hashes(): readonly Hash[] {
    return this.#frontier.hashes();
  }

  /**
   * Appends a leaf by its hash.
   *
   * @throws TransparencyError `bad-hash` if it is not 32 bytes, `out-of-range` beyond 2^53 - 1 leaves
   */
  append(leaf: Hash): void {
    this.#frontier.append(leaf, this.#completed);
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

  readonly #completed: NodeListener = ({ level, index, hash }) => {
    if (level % TILE_HEIGHT !== 0) return;
    const tileLevel = level / TILE_HEIGHT;
    const edge = this.#edgeAt(tileLevel, index);
    edge.bytes.set(hash, edge.width * HASH_BYTES);
    edge.width++;
    edge.changed = true;
    if (edge.width < TILE_WIDTH) return;
    this.#full.push({ tile: { level: tileLevel, index: edge.index, width: TILE_WIDTH }, bytes: edge.bytes });
    this.#edges[tileLevel] = filled(edge.index + 1, []);
  };

  #edgeAt(level: number, index: number): Edge {
    const edge = this.#edges[level] ?? filled(Math.floor(index / TILE_WIDTH), []);
    this.#edges[level] = edge;
    return edge;
  }
}

function filled(index: number, hashes: readonly Hash[]): Edge {
  const bytes = Buffer.alloc(TILE_WIDTH * HASH_BYTES);
  hashes.forEach((hash, at) => {
    bytes.set(hash, at * HASH_BYTES);
  });
  return { index, width: hashes.length, bytes, changed: false };
}
