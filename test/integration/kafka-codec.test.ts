import { canonicalJson, type Position, type RecordedEvent, type StreamName } from '@stamp-ledger/codec';
import type { EventId, Instant } from '@stamp-ledger/domain';
import { claimText, eventText, markText, readMessage } from '@stamp-ledger/kafka';
import type { LineageId, Partition } from '@stamp-ledger/ports';
import t from 'tap';

const event = (changes: Partial<RecordedEvent> = {}): RecordedEvent => ({
  id: '00000000-0000-8000-8000-000000000001' as EventId,
  type: 'StampMinted',
  data: canonicalJson({ serial: 'S1', text: 'é"\\\u2028 ,"data":{}', nested: { b: 1, a: [] } }),
  metadata: canonicalJson({ actor: '"data":', occurredAt: '2024-09-06T13:00:00.123Z', schemaVersion: 1 }),
  stream: 'stamp-S1' as StreamName,
  revision: 7,
  position: '0000000000000042' as Position,
  ...changes,
});

const read = (text: string) => readMessage(Buffer.from(text));

t.test('an event is a CloudEvent and comes back to the byte', async (t) => {
  const given = event();
  const { data, ...attributes } = JSON.parse(eventText(given));
  t.strictSame(attributes, {
    specversion: '1.0',
    id: given.id,
    source: 'urn:stamp-ledger',
    type: given.type,
    subject: given.stream,
    time: '2024-09-06T13:00:00.123Z',
    datacontenttype: 'application/json',
    ledgerposition: given.position,
    ledgerrevision: 7,
    ledgermetadata: given.metadata,
  });
  t.strictSame(data, JSON.parse(given.data));
  t.strictSame(read(eventText(given)), { kind: 'event', event: given });
});

t.test('whatever the log holds comes back, readable or not', async (t) => {
  for (const given of [
    event({ metadata: '{}' }),
    event({ metadata: 'not JSON "' }),
    event({ data: 'not JSON' }),
    event({ data: '' }),
    event({ data: '{"n":1.5,"a":{"__proto__":1}}' }),
    event({ type: 'of "another"', stream: 'a "stream"' as StreamName }),
    event({ revision: 2 ** 40 }),
  ])
    t.strictSame(read(eventText(given)), { kind: 'event', event: given });
  t.notOk('time' in JSON.parse(eventText(event({ metadata: '{}' }))), 'no time that nobody knows');
  t.equal(JSON.parse(eventText(event({ revision: 2 ** 40 }))).ledgerrevision, String(2 ** 40));
});

t.test('marks and claims', async (t) => {
  const mark = {
    position: '0000000000000042' as Position,
    recordedAt: '2024-09-06T13:00:00.123Z' as Instant,
    offsets: new Map([['ledger.stamps/0' as Partition, 9_007_199_254_740_993n]]),
  };
  const lineage = {
    id: 'c' as LineageId,
    ancestors: ['b', 'a'] as LineageId[],
    start: new Map([['ledger.stamps/0' as Partition, 7n]]),
  };
  const from = { position: '0000000000000041' as Position, recordedAt: mark.recordedAt };
  for (const each of [lineage, { ...lineage, from }])
    t.strictSame(read(markText(mark, { epoch: 12n, lineage: each })), {
      kind: 'mark',
      epoch: 12n,
      mark,
      lineage: each,
    });
  t.strictSame(read(claimText()), { kind: 'claim' });
});

t.test('what is not ours is told from what is', async (t) => {
  t.strictSame(readMessage(null), { kind: 'unknown' });
  const ours = eventText(event());
  for (const text of [
    '',
    'text',
    '{}',
    'null',
    '[1,"data":2}',
    `${ours}\n`,
    ours.slice(0, 40),
    ours.replace('urn:stamp-ledger', 'urn:other'),
    ours.replace('"specversion":"1.0"', '"specversion":"2.0"'),
    ours.replace('"ledgerrevision":7', '"ledgerrevision":"x"'),
    ours.replace('"subject"', '"object"'),
    markText(
      { position: '1' as Position, recordedAt: '' as Instant, offsets: new Map() },
      { epoch: -1n, lineage: { id: 'a' as LineageId, ancestors: [], start: new Map() } },
    ),
  ])
    t.strictSame(read(text), { kind: 'unknown' }, text.slice(0, 60));
});
