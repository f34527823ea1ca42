import { TransparencyError } from './errors.js';
import { HASH_BYTES, perfectRoot } from './hash.js';
import type { HashReader, NodePlace } from './nodes.js';
import { TILE_WIDTH, type Tile, tilePath, tileWidth } from './tiles.js';

/** Levels of the tree within one tile. */
const TILE_HEIGHT = 8;

/**
 * The bytes of a tile, if they are as many as it has.
 *
 * @throws TransparencyError `bad-tile` if they are not `width` times 32
 */
export function checkTile<Bytes extends Uint8Array>(bytes: Bytes, tile: Tile): Bytes {
  if (bytes.length !== tile.width * HASH_BYTES)
    throw new TransparencyError('bad-tile', `${tilePath(tile)} has ${bytes.length} bytes`);
  return bytes;
}

/**
 * Reads hashes of the tree of `size` leaves out of its tiles (C2SP tlog-tiles): each tile once for one call. What it
 * gives is only as good as the tiles; a proof made of it shows whether they lead to the signed root.
 *
 * The reader throws `out-of-range` for a node that the tree does not have, `bad-tile` for a tile of the wrong length, and
 * whatever `readTile` throws.
 */
export function tileHashReader({
  size,
  readTile,
}: {
  readonly size: number;
  readonly readTile: (tile: Tile) => Promise<Uint8Array>;
}): HashReader {
  return async (places) => {
    const tiles = new Map<string, Promise<Uint8Array>>();
    const bytesOf = (tile: Tile) => {
      const path = tilePath(tile);
      const known = tiles.get(path) ?? readTile(tile).then((bytes) => checkTile(bytes, tile));
      tiles.set(path, known);
      return known;
    };
    return Promise.all(
      places.map(async (place) => {
        const { tile, from, to } = locate(place, size);
        return perfectRoot((await bytesOf(tile)).subarray(from * HASH_BYTES, to * HASH_BYTES));
      }),
    );
  };
}

function locate({ level, index }: NodePlace, size: number) {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const span = 2 ** (level % TILE_HEIGHT);
  const first = index * span;
  const tileIndex = Math.floor(first / TILE_WIDTH);
  const tile = {
    level: tileLevel,
    index: tileIndex,
    width: tileWidth({ level: tileLevel, index: tileIndex, size }),
  };
  const from = first % TILE_WIDTH;
  if (from + span > tile.width)
    throw new TransparencyError(
      'out-of-range',
      `a tree of ${size} leaves has no node ${index} at level ${level}`,
    );
  return { tile, from, to: from + span };
}
