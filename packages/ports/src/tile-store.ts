/** A file of the transparency log: a tile of hashes or a bundle of entries, under the path C2SP tlog-tiles gives it. */
export interface LogFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The published files of the transparency log.
 *
 * Every adapter MUST
 * - resolve a write only when every file and its name are durable (fsync of the file and of its directory returned);
 * - show a file whole or not at all, also after a crash;
 * - never change a file: writing one that exists with the same bytes changes nothing, with other bytes the whole call
 *   rejects with `corrupt`, and what exists stays;
 * - replace the checkpoint, the cosigned one, and the public keys, in one step each: a reader sees the old one or the new one;
 * - reject with a {@link PortError} and never with anything else: `corrupt` when nobody knows any more what is durable
 *   (an fsync failed), so that nothing may be tried again on it; `unavailable` when the same call may be repeated.
 */
export interface TileStore {
  /** In any order; after a failure any of them may have been written. */
  write(files: readonly LogFile[]): Promise<void>;
  /** Undefined for a file that is not there. */
  read(path: string): Promise<Buffer | undefined>;
  /** Removes the partial forms of a full tile or bundle that was written. Not durably: they may come back. */
  discardPartials(fullPath: string): Promise<void>;
  /** The published checkpoint, undefined before the first. */
  readCheckpoint(): Promise<Buffer | undefined>;
  /** Resolves when the new one is durable. */
  replaceCheckpoint(bytes: Uint8Array): Promise<void>;
  /** The newest checkpoint that enough witnesses have cosigned, with their signatures; undefined before the first. */
  readCosigned(): Promise<Buffer | undefined>;
  /** Resolves when the new one is durable. */
  replaceCosigned(bytes: Uint8Array): Promise<void>;
  /** The log's public keys as a sealer published them, one vkey a line, the current one first; undefined before that. */
  readVkeys(): Promise<Buffer | undefined>;
  /** Resolves when they are durable. */
  replaceVkeys(bytes: Uint8Array): Promise<void>;
}

/**
 * The last checkpoint that was signed, whether or not it was published. It is what keeps a log from signing two histories:
 * it stands in a store apart from the event data and its backups, and whoever can set it back can make the log lie.
 *
 * Every adapter MUST
 * - compare and replace in one step, whoever else tries at the same time;
 * - resolve a replacement only when it is durable;
 * - reject with a {@link PortError}, `corrupt` and `unavailable` as in {@link TileStore}; after `unavailable` from
 *   `replace` the outcome is unknown: read, or repeat the same call.
 */
export interface CheckpointLock {
  /** Undefined before the first. */
  read(): Promise<Buffer | undefined>;
  /** Puts `to` in the place of exactly `from` (undefined: of none). False when it holds something else; true if it holds `to`. */
  replace(change: { readonly from: Uint8Array | undefined; readonly to: Uint8Array }): Promise<boolean>;
}
