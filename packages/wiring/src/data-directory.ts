import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a data directory, or one in it, for its owner alone, when there is none. Step by step: `mkdir` with `recursive` never ends where
 * the kernel makes no directories, as in /proc (Node 20).
 */
export async function makeDataDirectory(path: string): Promise<void> {
  if (existsSync(path)) return;
  await makeDataDirectory(dirname(path));
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    // Another service of the same ledger was faster.
    if (error.code !== 'EEXIST') throw error;
  });
}
