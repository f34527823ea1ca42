import { type AuditedLog, LIMITS } from '@stamp-ledger/ports';
import {
  type Checkpoint,
  Frontier,
  HASH_BYTES,
  leafHashes,
  TILE_WIDTH,
  TileEdge,
  tilePath,
  tileWidth,
} from '@stamp-ledger/transparency';
import { ahead } from './ahead.js';
import type { Findings } from './findings.js';
import { FileFault, readEntries, readHashes } from './log-files.js';

/** Entries of one bundle: `entries` holds undefined for one that is not served, or does not hash to its leaf. */
export interface ScannedEntries {
  readonly first: number;
  readonly entries: readonly (Buffer | undefined)[];
  /** Leaf hashes, one behind the other. */
  readonly leaves: Buffer;
}

/** Told of every entry, bundle by bundle in order. */
export type EntryVisitor = (scanned: ScannedEntries) => void | Promise<void>;

export interface LogScan {
  readonly log: AuditedLog;
  /** What the log must hash to. */
  readonly current: Checkpoint;
  /** A smaller or equal tree that must be its beginning. */
  readonly kept: Checkpoint | undefined;
  readonly visit?: EntryVisitor;
  /** Entries checked so far. */
  readonly onProgress?: (entries: number) => void;
}

/**
 * Reads every entry and every tile that a checkpoint covers, in order and in flat memory: each entry must hash to its leaf
 * in its tile, each tile above to the ones below, and all of it to the signed root; the beginning to the kept root.
 * Everything that is not so is a finding. Rejects with a PortError when the log cannot be reached.
 */
export async function scanLog(scan: LogScan, findings: Findings): Promise<void> {
  const { log, current, onProgress } = scan;
  const tree = new ScannedTree(scan, findings);
  const bundles = Math.ceil(current.size / TILE_WIDTH);
  const places = ahead({ count: bundles, atOnce: LIMITS.auditFilesAtOnce }, (index) =>
    readPlace(log, { index, width: tileWidth({ level: 0, index, size: current.size }) }),
  );
  for await (const place of places) {
    for (const { kind, message, path } of place.faults) findings.add(kind, message, { path });
    if (!(await tree.take(place))) return;
    await tree.compareTiles();
    onProgress?.(tree.size);
  }
  tree.finish();
}

interface Place {
  readonly index: number;
  readonly width: number;
  readonly entries: readonly Buffer[] | undefined;
  readonly hashes: Buffer | undefined;
  readonly faults: readonly FileFault[];
}

async function readPlace(
  log: AuditedLog,
  place: { readonly index: number; readonly width: number },
): Promise<Place> {
  const faults: FileFault[] = [];
  const noted = async <Read>(reading: Promise<Read>): Promise<Read | undefined> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof FileFault)) throw error;
      faults.push(error);
      return undefined;
    }
  };
  const [entries, hashes] = await Promise.all([
    noted(readEntries(log, place)),
    noted(readHashes(log, { level: 0, ...place })),
  ]);
  return { ...place, entries, hashes, faults };
}

/** The tree as the tiles have it; and from the first entry that does not fit its leaf, also as the entries have it. */
class ScannedTree {
  readonly #edge = TileEdge.empty();
  #byEntries: Frontier | undefined;

  constructor(
    private readonly scan: LogScan,
    private readonly findings: Findings,
  ) {}

  get size(): number {
    return this.#edge.size;
  }

  /** Takes in a bundle and its tile; false when neither is there, and nothing more can be said. */
  async take({ index, width, entries, hashes }: Place): Promise<boolean> {
    const hashed = entries && leafHashes(entries);
    const leaves = hashes ?? hashed;
    if (leaves === undefined) return false;
    const first = index * TILE_WIDTH;
    const differing = differences(hashed ?? leaves, leaves);
    for (const at of differing) this.#differs(first + at);
    if (differing.size > 0) this.#byEntries ??= new Frontier(this.#edge.size, this.#edge.hashes());
    if (this.#byEntries !== undefined)
      for (const leaf of hashesIn(hashed ?? leaves)) this.#byEntries.append(leaf);
    this.#append(leaves);
    const fitting = Array.from({ length: width }, (_, at) => (differing.has(at) ? undefined : entries?.[at]));
    await this.scan.visit?.({ first, entries: fitting, leaves });
    return true;
  }

  #differs(index: number): void {
    const bundle = { level: 'entries', index: Math.floor(index / TILE_WIDTH) } as const;
    const path = tilePath({ ...bundle, width: tileWidth({ ...bundle, size: this.scan.current.size }) });
    this.findings.add('entry-differs', `entry ${index} does not hash to its leaf in the tile beside it`, {
      index,
      path,
    });
  }

  /** Appends leaves, and looks at the tree when it has the size of the kept one. */
  #append(leaves: Buffer): void {
    const { kept } = this.scan;
    const missing = kept === undefined ? 0 : (kept.size - this.size) * HASH_BYTES;
    if (kept === undefined || missing <= 0 || missing > leaves.length) {
      this.#edge.append(leaves);
      return;
    }
    this.#edge.append(leaves.subarray(0, missing));
    if (!this.findings.has('forked') && !this.#edge.root().equals(kept.root))
      this.findings.add('forked', `the first ${kept.size} entries are not those that were kept`);
    this.#edge.append(leaves.subarray(missing));
  }

  /** Compares each tile above the leaves that is complete by now with the one that is served. */
  async compareTiles(): Promise<void> {
    const isEnd = this.size === this.scan.current.size;
    for (const { tile, bytes } of this.#edge.takeTiles()) {
      if (tile.level === 0 || (tile.width < TILE_WIDTH && !isEnd)) continue;
      const path = tilePath(tile);
      try {
        if (!(await readHashes(this.scan.log, tile)).equals(bytes))
          this.findings.add('tile-differs', `${path} does not hold the hashes of the tiles below it`, {
            path,
          });
      } catch (error) {
        if (!(error instanceof FileFault)) throw error;
        this.findings.add(error.kind, error.message, { path });
      }
    }
  }

  finish(): void {
    const { size, root } = this.scan.current;
    const tilesHold = this.#edge.root().equals(root);
    const entriesHold = this.#byEntries?.root().equals(root) ?? tilesHold;
    if (tilesHold && entriesHold) return;
    if (entriesHold)
      this.findings.add(
        'tile-differs',
        'the entries hash to the signed root, and the tiles of leaves do not',
      );
    else if (!tilesHold)
      this.findings.add(
        'root-differs',
        `the log does not hash to the root that was signed for ${size} entries`,
      );
  }
}

/** Places at which two sequences of hashes of the same length differ. */
function differences(some: Buffer, others: Buffer): ReadonlySet<number> {
  // Nearly always there are none, and one comparison says so.
  if (some.equals(others)) return new Set();
  const other = hashesIn(others);
  return new Set(hashesIn(some).flatMap((hash, at) => (other[at]?.equals(hash) ? [] : [at])));
}

const hashesIn = (bytes: Buffer): readonly Buffer[] =>
  Array.from({ length: bytes.length / HASH_BYTES }, (_, at) =>
    bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
