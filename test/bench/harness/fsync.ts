import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the disk allows: appends of 4 KiB a second, each synced before the next. */
export async function measureFsync({ seconds }: { readonly seconds: number }): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-fsync-'));
  const file = await open(join(directory, 'file'), 'w');
  const block = Buffer.alloc(4096, 1);
  const start = performance.now();
  let count = 0;
  try {
    while (performance.now() - start < seconds * 1000) {
      await file.write(block);
      await file.datasync();
      count++;
    }
    return (count * 1000) / (performance.now() - start);
  } finally {
    await file.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
