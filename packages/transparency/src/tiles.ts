import { TransparencyError } from './errors.js';
import { checkCount, parseDecimal } from './numbers.js';

/** Hashes in a full tile and entries in a full bundle (tile height 8 of C2SP tlog-tiles). */
export const TILE_WIDTH = 256;

/** Greatest level that C2SP tlog-tiles names. */
const LEVEL_MAX = 63;

/** A tile of hashes at a level, or a bundle of entries (level `entries`); `width` counts what is in it, 1 to 256. */
export interface Tile {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/**
 * Path of a tile under the log's prefix (C2SP tlog-tiles): `tile/<L>/<N>`, with `.p/<W>` when it is partial; N in groups
 * of three digits, all but the last marked `x`.
 *
 * @throws TransparencyError `out-of-range` if level, index or width is none that C2SP tlog-tiles has
 */
export function tilePath({ level, index, width }: Tile): string {
  checkCount(index, 'a tile index');
  if (level !== 'entries' && (!Number.isSafeInteger(level) || level < 0 || level > LEVEL_MAX))
    throw new TransparencyError('out-of-range', 'a tile level is 0 to 63');
  if (!Number.isSafeInteger(width) || width < 1 || width > TILE_WIDTH)
    throw new TransparencyError('out-of-range', 'a tile width is 1 to 256');
  const groups: string[] = [];
  let rest = index;
  do {
    groups.unshift(String(rest % 1_000).padStart(3, '0'));
    rest = Math.floor(rest / 1_000);
  } while (rest > 0);
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ''}`;
}

const PATH = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/;

/**
 * The tile a path names; each tile has exactly one path.
 *
 * @throws TransparencyError `bad-tile-path`
 */
export function parseTilePath(path: string): Tile {
  const [, levelText = '', name = '', widthText] = PATH.exec(path) ?? [];
  const level = levelText === 'entries' ? levelText : parseDecimal(levelText);
  const index = Number(name.replaceAll(/[x/]/g, '')) || 0;
  const width = widthText === undefined ? TILE_WIDTH : parseDecimal(widthText);
  if (level !== undefined && width !== undefined && isNamed({ level, index, width }, path))
    return { level, index, width };
  throw new TransparencyError('bad-tile-path', 'this is the path of no tile');
}

function isNamed(tile: Tile, path: string): boolean {
  try {
    return tilePath(tile) === path;
  } catch {
    return false;
  }
}

/** Hashes that tiles of a level hold in all, for a tree of `size` leaves; entries count as level 0. */
export function hashesAtLevel(size: number, level: number | 'entries'): number {
  return level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
}

/**
 * Entries or hashes in the tile at a place for a tree of this size: 256 for a full one, fewer at the right edge, 0 for
 * one that is not served.
 */
export function tileWidth({
  level,
  index,
  size,
}: {
  readonly level: number | 'entries';
  readonly index: number;
  readonly size: number;
}): number {
  return Math.max(0, Math.min(TILE_WIDTH, hashesAtLevel(size, level) - index * TILE_WIDTH));
}

/**
 * The tiles of hashes to write when a tree grows: of each level that changed, the full ones from the former right edge
 * on, and the partial one that is the new right edge. Lazily, since a great growth has many.
 *
 * @throws TransparencyError `out-of-range` if a size is none, or the tree shrinks
 */
export function* newTiles({ from, to }: { readonly from: number; readonly to: number }): Generator<Tile> {
  checkGrowth(from, to);
  for (let level = 0; hashesAtLevel(to, level) > 0; level++) yield* newAtLevel({ level, from, to });
}

/**
 * The entry bundles to write when a tree grows, as {@link newTiles}.
 *
 * @throws TransparencyError `out-of-range` if a size is none, or the tree shrinks
 */
export function* newBundles({ from, to }: { readonly from: number; readonly to: number }): Generator<Tile> {
  checkGrowth(from, to);
  yield* newAtLevel({ level: 'entries', from, to });
}

function* newAtLevel(growth: {
  readonly level: number | 'entries';
  readonly from: number;
  readonly to: number;
}): Generator<Tile> {
  const { level } = growth;
  const before = hashesAtLevel(growth.from, level);
  const after = hashesAtLevel(growth.to, level);
  if (before === after) return;
  const full = Math.floor(after / TILE_WIDTH);
  for (let index = Math.floor(before / TILE_WIDTH); index < full; index++)
    yield { level, index, width: TILE_WIDTH };
  if (after % TILE_WIDTH > 0) yield { level, index: full, width: after % TILE_WIDTH };
}

function checkGrowth(from: number, to: number): void {
  checkCount(from, 'a tree size');
  checkCount(to, 'a tree size');
  if (from > to) throw new TransparencyError('out-of-range', 'a tree never shrinks');
}
