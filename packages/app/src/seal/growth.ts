import type { Position } from '@stamp-ledger/codec';
import type { EntryPage, LogFile } from '@stamp-ledger/ports';
import {
  edgeTiles,
  encodeBundle,
  leafHashes,
  TILE_WIDTH,
  type Tile,
  type TileEdge,
  tilePath,
} from '@stamp-ledger/transparency';
import type { LogEdge } from './read-log.js';

/** What a round adds to the log, ready to be written; it can be written any number of times. */
export interface Round {
  readonly files: readonly LogFile[];
  /** Paths of tiles and bundles that became full and were there in partial forms, which are of no more use. */
  readonly filled: readonly string[];
  readonly size: number;
  readonly root: Buffer;
  /** Of the last event. */
  readonly position: Position | undefined;
}

/** Turns entries into leaves, tiles and bundles. Holds the right edge of the log, and what was added since the last round. */
export class Growth {
  readonly #edge: TileEdge;
  readonly #files: LogFile[] = [];
  readonly #filled: string[] = [];
  /** Full paths of the tiles and bundles at the right edge that have partial forms. */
  readonly #partial = new Set<string>();
  #sealed: number;
  #tail: readonly Buffer[];
  #tailChanged = false;
  #position: Position | undefined;

  constructor({ edge, tail }: Omit<LogEdge, 'last'>, position: Position | undefined) {
    this.#edge = edge;
    this.#tail = tail;
    this.#position = position;
    this.#sealed = edge.size;
    for (const tile of [
      ...edgeTiles(edge.size),
      { level: 'entries', index: Math.floor(edge.size / TILE_WIDTH) } as const,
    ])
      this.#partial.add(tilePath({ ...tile, width: TILE_WIDTH }));
  }

  /** Whether entries were added since the last round. */
  get hasNew(): boolean {
    return this.size > this.#sealed;
  }

  get size(): number {
    return this.#edge.size;
  }

  /** Position of the event of the last entry added. */
  get position(): Position | undefined {
    return this.#position;
  }

  add({ entries, last }: EntryPage): void {
    for (let from = 0; from < entries.length; ) {
      const to = from + TILE_WIDTH - this.#tail.length;
      this.#addToBundle(entries.slice(from, to));
      from = to;
    }
    this.#position = last ?? this.#position;
  }

  /** Adds entries, no more than the last bundle has room for. */
  #addToBundle(entries: readonly Buffer[]): void {
    this.#edge.append(leafHashes(entries));
    this.#tail = [...this.#tail, ...entries];
    this.#tailChanged = true;
    if (this.#tail.length < TILE_WIDTH) return;
    this.#putBundle(Math.floor(this.size / TILE_WIDTH) - 1);
    this.#tail = [];
  }

  /** Everything added since the last round. */
  takeRound(): Round {
    if (this.#tailChanged && this.#tail.length > 0) this.#putBundle(Math.floor(this.size / TILE_WIDTH));
    this.#tailChanged = false;
    for (const { tile, bytes } of this.#edge.takeTiles()) this.#put(tile, bytes);
    this.#sealed = this.size;
    return {
      files: this.#files.splice(0),
      filled: this.#filled.splice(0),
      size: this.size,
      root: this.#edge.root(),
      position: this.#position,
    };
  }

  #putBundle(index: number): void {
    const width = this.#tail.length;
    this.#put({ level: 'entries', index, width }, encodeBundle(this.#tail));
  }

  #put(tile: Tile, bytes: Buffer): void {
    this.#files.push({ path: tilePath(tile), bytes });
    const full = tilePath({ ...tile, width: TILE_WIDTH });
    if (tile.width < TILE_WIDTH) this.#partial.add(full);
    else if (this.#partial.delete(full)) this.#filled.push(full);
  }
}
