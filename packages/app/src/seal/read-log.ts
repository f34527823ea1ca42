import { entryText, type RecordedEvent } from '@stamp-ledger/codec';
import type { TileStore } from '@stamp-ledger/ports';
import {
  checkTile,
  decodeBundle,
  edgeTiles,
  HASH_BYTES,
  type Hash,
  leafHash,
  leafHashes,
  TILE_WIDTH,
  type Tile,
  TileEdge,
  tilePath,
  tileWidth,
} from '@stamp-ledger/transparency';
import { halted } from './status.js';

type Files = Pick<TileStore, 'read'>;

/** The bytes of an event's leaf: what anyone can recompute from the event store. */
export const entryOf = (event: RecordedEvent): Buffer => Buffer.from(entryText(event));

export const leafOf = (event: RecordedEvent): Hash => leafHash(entryOf(event));

/**
 * A tile of hashes as it was at some size of the log. A partial one may have been removed when its full one was written:
 * then that is cut. Throws a TransparencyError for a file of another length than its tile has.
 */
export async function readTile(files: Files, tile: Tile): Promise<Buffer> {
  const exact = await files.read(tilePath(tile));
  if (exact !== undefined) return checkTile(exact, tile);
  const whole = { ...tile, width: TILE_WIDTH };
  const full = await files.read(tilePath(whole));
  if (full === undefined) throw halted('tiles-damaged', `${tilePath(tile)} is missing`);
  return checkTile(full, whole).subarray(0, tile.width * HASH_BYTES);
}

/** The entries of bundle `index` as it was when the log had `size` leaves. */
export async function readBundle(
  files: Files,
  { index, size }: { readonly index: number; readonly size: number },
): Promise<readonly Buffer[]> {
  const width = tileWidth({ level: 'entries', index, size });
  const path = tilePath({ level: 'entries', index, width });
  const exact = await files.read(path);
  if (exact !== undefined) return decodeBundle(exact, width);
  const full = await files.read(tilePath({ level: 'entries', index, width: TILE_WIDTH }));
  if (full === undefined) throw halted('tiles-damaged', `${path} is missing`);
  return decodeBundle(full, TILE_WIDTH).slice(0, width);
}

/** The right edge of a log: enough to go on appending to it. */
export interface LogEdge {
  readonly edge: TileEdge;
  /** Entries of the bundle that is not full yet. */
  readonly tail: readonly Buffer[];
  /** The last entry of all, undefined for an empty log. */
  readonly last: Buffer | undefined;
}

export const EMPTY_EDGE = (): LogEdge => ({ edge: TileEdge.empty(), tail: [], last: undefined });

/**
 * Reads the right edge of the log at a size and checks it: the tiles hash to the root that was signed, and the last bundle
 * to its tile. Throws a {@link SealHalted} `tiles-damaged`, or a TransparencyError for tiles of the wrong shape.
 */
export async function readEdge(
  files: Files,
  { size, root }: { readonly size: number; readonly root: Buffer },
): Promise<LogEdge> {
  const tiles = await Promise.all(edgeTiles(size).map((tile) => readTile(files, tile)));
  const edge = TileEdge.resume(size, tiles);
  if (!edge.root().equals(root))
    throw halted('tiles-damaged', `the tiles of size ${size} do not hash to the root that was signed`);
  if (size === 0) return EMPTY_EDGE();
  const index = Math.floor((size - 1) / TILE_WIDTH);
  const entries = await readBundle(files, { index, size });
  await checkBundle(files, { index, size, entries });
  return { edge, tail: entries.length === TILE_WIDTH ? [] : entries, last: entries.at(-1) };
}

/** Checks that the entries of a bundle hash to the tile beside it. */
export async function checkBundle(
  files: Files,
  {
    index,
    size,
    entries,
  }: { readonly index: number; readonly size: number; readonly entries: readonly Buffer[] },
): Promise<void> {
  const tile: Tile = { level: 0, index, width: tileWidth({ level: 0, index, size }) };
  const hashes = await readTile(files, tile);
  const hashed = leafHashes(entries);
  if (hashed.equals(hashes)) return;
  const wrong = hashed.findIndex((byte, at) => byte !== hashes[at]);
  throw halted(
    'tiles-damaged',
    `entry ${index * TILE_WIDTH + Math.floor(wrong / HASH_BYTES)} does not hash to its leaf`,
  );
}
