import { readFile } from 'node:fs/promises';
import { exportEvents, linesOf } from '@stamp-ledger/app';
import { SCHEMAS_URL, type StreamName, serde } from '@stamp-ledger/codec';
import type { EventId, EventType } from '@stamp-ledger/domain';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { metadata, sampleEvent } from '../codec/samples.js';
import { contentsOf, each, emptyStore, exported, imported, sha256 } from './moving.js';

/** Written once by version 1 and never changed: every later version has to read it, and to write the same. */
const GOLDEN = new URL('../../app-move/golden/export.v1.jsonl', import.meta.url);
const bytes = await readFile(GOLDEN);
const lines: string[] = [];
for await (const line of linesOf(each([bytes]))) lines.push(line);
/** Between the line that begins an export and the one that ends it, an event each. */
const types = lines.slice(1, -1).map((line) => JSON.parse(line).type as EventType);

t.test('the golden export is read and written as ever', async (t) => {
  const target = await emptyStore();
  t.strictSame(await imported(target.store, lines), {
    kind: 'complete',
    found: 0,
    appended: types.length,
  });
  t.equal(`${(await exported(target.store)).join('\n')}\n`, bytes.toString());
  const leaf = '0228b32717c95b145b73cb4d5e39d35b742b1550ae97571f1d0c3947979ca4ce';
  t.match((await contentsOf(target.store))[0], { leaf });
  await target.destroy();
});

t.test('its events are written as they were, one of every type that there was', async (t) => {
  t.equal(new Set(types).size, 24);
  const source = await emptyStore();
  for (const [index, type] of types.entries()) {
    const stream = `${index % 2 === 0 ? 'stamp' : 'order'}-golden` as StreamName;
    const id = `00000000-0000-8000-8000-${index.toString(16).padStart(12, '0')}` as EventId;
    const revision = Math.floor(index / 2);
    const event = serde.encode({ id, event: sampleEvent(type), metadata, stream });
    await source.store.append([
      { stream, expected: revision === 0 ? 'no-stream' : revision - 1, events: [event] },
    ]);
  }
  const made: string[] = [];
  for await (const line of exportEvents({ store: source.store, digest: sha256() })) made.push(line);
  t.strictSame(made, lines);
  await source.destroy();
});

t.test('the schema knows every line, and no other', async (t) => {
  const read = async (name: string) => JSON.parse(await readFile(new URL(name, SCHEMAS_URL), 'utf8'));
  const ajv = new Ajv2020({ strict: true });
  ajv.addFormat('utc-date-time', true);
  ajv.addSchema(await read('common.json'));
  const validate = ajv.compile(await read('export.v1.json'));
  for (const line of lines) t.ok(validate(JSON.parse(line)), line.slice(0, 60));
  for (const wrong of [{}, { format: 'x', version: 1 }, { events: -1, sha256: '0'.repeat(64) }])
    t.notOk(validate(wrong));
  t.notOk(validate({ ...JSON.parse(lines[1]!), position: '1' }));
});
