// Writes the golden file of an event version that has none yet; never overwrites one. Run after adding a version:
//   npm run build && node test/dist/codec/write-golden.js
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { EVENT_VERSIONS, entryText, serde } from '@stamp-ledger/codec';
import { leafHash } from '@stamp-ledger/transparency';
import { EVENT_TYPES, metadata, SAMPLE_ID, SAMPLE_REVISION, SAMPLE_STREAM, sampleEvent } from './samples.js';

const GOLDEN = new URL('../../codec/golden/', import.meta.url);
mkdirSync(GOLDEN, { recursive: true });
for (const type of EVENT_TYPES) {
  const path = new URL(`${type}.v${EVENT_VERSIONS[type]}.json`, GOLDEN);
  if (existsSync(path)) continue;
  const encoded = serde.encode({ id: SAMPLE_ID, event: sampleEvent(type), metadata, stream: SAMPLE_STREAM });
  const hash = leafHash(
    Buffer.from(entryText({ ...encoded, stream: SAMPLE_STREAM, revision: SAMPLE_REVISION })),
  ).toString('hex');
  writeFileSync(
    path,
    `${JSON.stringify({ data: encoded.data, metadata: encoded.metadata, leafHash: hash }, null, 2)}\n`,
  );
}
