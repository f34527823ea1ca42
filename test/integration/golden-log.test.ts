import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  encodeBundle,
  leafHash,
  parseSkey,
  signCheckpoint,
  TileEdge,
  tilePath,
} from '@stamp-ledger/transparency';
import t from 'tap';
import { tesseraSource } from '../independent/auditors.js';
import { GOLDEN_ENTRIES, GOLDEN_ORIGIN, GOLDEN_SKEY } from '../transparency/golden.js';

t.setTimeout(300_000);

t.test('the whole golden log of Tessera, byte for byte, grown one entry at a time', async (t) => {
  const directory = join(await tesseraSource(), 'testdata/log');
  const edge = TileEdge.empty();
  const signers = [parseSkey(GOLDEN_SKEY)];
  const made = new Map<string, Buffer>();
  for (let size = 0; size <= GOLDEN_ENTRIES.length; size++) {
    if (size > 0) {
      edge.append(leafHash(Buffer.from(GOLDEN_ENTRIES[size - 1]!)));
      for (const { tile, bytes } of edge.takeTiles()) made.set(tilePath(tile), Buffer.from(bytes));
      const entries = GOLDEN_ENTRIES.slice(0, size).map((entry) => Buffer.from(entry));
      made.set(tilePath({ level: 'entries', index: 0, width: size }), encodeBundle(entries));
    }
    const checkpoint = signCheckpoint({ origin: GOLDEN_ORIGIN, size, root: edge.root() }, signers);
    t.equal(
      checkpoint.toString(),
      readFileSync(join(directory, `checkpoint.${size}`), 'utf8'),
      `checkpoint of ${size}`,
    );
  }
  const published = readdirSync(join(directory, 'tile'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  t.ok(published.length >= 2);
  for (const path of published) t.strictSame(made.get(path), readFileSync(join(directory, path)), path);
});
