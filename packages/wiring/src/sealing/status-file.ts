import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SealStatus } from '@stamp-ledger/app';

export const STATUS_FILE = 'status.json';

/**
 * What the sealer says of itself, in a file that the processes which take commands share with it: they halt intake by it,
 * and know from it what is sealed. It outlives the sealer: until the next one has looked, what the last one said holds.
 */
export class StatusFile {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Replaces the file in one step. What closes intake is durable when this returns. */
  show(status: SealStatus): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const next = join(this.#directory, `.${STATUS_FILE}.next`);
    const file = openSync(next, 'w', 0o644);
    try {
      writeFileSync(file, JSON.stringify(status));
      if (status.kind !== 'running') fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, join(this.#directory, STATUS_FILE));
    if (status.kind !== 'running') this.#syncNames();
  }

  #syncNames(): void {
    const directory = openSync(this.#directory, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }

  /** As the file has it; undefined before a sealer has said anything. */
  async read(): Promise<string | undefined> {
    try {
      return await readFile(join(this.#directory, STATUS_FILE), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
