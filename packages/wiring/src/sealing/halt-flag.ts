import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { haltsIntake, type Intake, type SealStatus } from '@stamp-ledger/app';

const FILE = 'intake-halted';
/** Milliseconds for which the file is not looked at again. */
const FRESH_MILLISECONDS = 250;

/**
 * Tells the processes that take commands, by a file in the directory they share with the sealer, that they must not. What
 * they do not see yet when an older backup comes up is bounded by how soon the sealer notices: stop them for a restore.
 */
export class HaltFlag {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  show(status: SealStatus): void {
    switch (status.kind) {
      case 'starting':
        return;
      case 'running':
        rmSync(join(this.#directory, FILE), { force: true });
        return;
      case 'refilling':
        this.#raise('lost events are being put back');
        return;
      case 'halted':
        if (haltsIntake(status.halt)) this.#raise(status.halt.detail);
    }
  }

  #raise(why: string): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.#directory, FILE), why);
  }

  /** What those who append ask before they do. */
  intake(): Intake {
    let seen: string | undefined;
    let seenAt = Number.NEGATIVE_INFINITY;
    return {
      closed: () => {
        if (performance.now() - seenAt < FRESH_MILLISECONDS) return seen;
        seen = this.#read();
        seenAt = performance.now();
        return seen;
      },
    };
  }

  #read(): string | undefined {
    try {
      return readFileSync(join(this.#directory, FILE), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
