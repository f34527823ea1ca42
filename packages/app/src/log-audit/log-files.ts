import type { AuditedLog } from '@stamp-ledger/ports';
import {
  checkTile,
  decodeBundle,
  HASH_BYTES,
  TILE_WIDTH,
  type Tile,
  TransparencyError,
  tilePath,
} from '@stamp-ledger/transparency';

/** A file that the log should serve and does not, or that has the wrong shape. */
export class FileFault extends Error {
  override readonly name = 'FileFault';

  constructor(
    readonly kind: 'missing-file' | 'bad-tile' | 'bad-bundle',
    readonly path: string,
    detail: string,
  ) {
    super(detail);
  }
}

/**
 * The hashes of a tile, one behind the other; of a full tile when the partial one is not served any more, as C2SP tlog-tiles
 * allows.
 */
export async function readHashes(log: AuditedLog, tile: Tile): Promise<Buffer> {
  const { path, bytes, isFull } = await readFile(log, tile);
  const shape = isFull ? { ...tile, width: TILE_WIDTH } : tile;
  return shaped('bad-tile', path, () => checkTile(bytes, shape).subarray(0, tile.width * HASH_BYTES));
}

/** The entries of a bundle, as {@link readHashes}. */
export async function readEntries(
  log: AuditedLog,
  place: { readonly index: number; readonly width: number },
): Promise<readonly Buffer[]> {
  const { path, bytes, isFull } = await readFile(log, { level: 'entries', ...place });
  return shaped('bad-bundle', path, () =>
    decodeBundle(bytes, isFull ? TILE_WIDTH : place.width).slice(0, place.width),
  );
}

async function readFile(
  log: AuditedLog,
  tile: Tile,
): Promise<{ readonly path: string; readonly bytes: Buffer; readonly isFull: boolean }> {
  const path = tilePath(tile);
  const exact = await log.read(path);
  if (exact !== undefined) return { path, bytes: exact, isFull: tile.width === TILE_WIDTH };
  const fullPath = tilePath({ ...tile, width: TILE_WIDTH });
  const full = tile.width === TILE_WIDTH ? undefined : await log.read(fullPath);
  if (full === undefined) throw new FileFault('missing-file', path, `${path} is not served`);
  return { path: fullPath, bytes: full, isFull: true };
}

function shaped<Result>(kind: 'bad-tile' | 'bad-bundle', path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof TransparencyError) throw new FileFault(kind, path, `${path}: ${error.message}`);
    throw error;
  }
}
