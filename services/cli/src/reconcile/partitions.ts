import { mkdtempSync, rmSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fnv1a } from '@stamp-ledger/codec';
import { CLI_LIMITS } from '../limits.js';

/**
 * Items by the hash of a key, in files of a directory of their own: however many there are, one part at a time is in
 * memory, and the same keys of two such sets are in parts of the same number.
 */
export class Partitions<Item> {
  readonly #directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-'));
  readonly #buffers: string[] = Array.from({ length: CLI_LIMITS.partitions }, () => '');

  async add(key: string, item: Item): Promise<void> {
    const part = partOf(key);
    const text = `${this.#buffers[part] ?? ''}${JSON.stringify(item)}\n`;
    this.#buffers[part] = text;
    if (text.length >= CLI_LIMITS.partitionBufferCharacters) await this.#write(part);
  }

  /** The items of one part, in the order in which they were added. */
  async read(part: number): Promise<Item[]> {
    await this.#write(part);
    const text = await readFile(this.#file(part), 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Item);
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #write(part: number): Promise<void> {
    const text = this.#buffers[part] ?? '';
    this.#buffers[part] = '';
    await appendFile(this.#file(part), text, { mode: 0o600 });
  }

  readonly #file = (part: number): string => join(this.#directory, String(part));
}

/** Nothing rests on it but the sizes of the parts. */
const partOf = (key: string): number => fnv1a(key) % CLI_LIMITS.partitions;
