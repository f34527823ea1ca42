import { readdirSync, readFileSync } from 'node:fs';
import {
  CodecError,
  createSerde,
  deriveCommandId,
  deriveEventId,
  EVENT_BYTES_MAX,
  EVENT_VERSIONS,
  entryText,
  type Position,
  type RecordedEvent,
  SCHEMAS_URL,
  serde,
  serialDeriver,
  UPCASTERS,
  validateCommand,
} from '@stamp-ledger/codec';
import { type BatchId, type EventOf, parseSerial } from '@stamp-ledger/domain';
import { leafHash } from '@stamp-ledger/transparency';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { EVENT_TYPES, metadata, SAMPLE_ID, SAMPLE_REVISION, SAMPLE_STREAM, sampleEvent } from './samples.js';

const GOLDEN = new URL('../../codec/golden/', import.meta.url);
const position = '0000000000000042' as Position;

interface Golden {
  readonly data: string;
  readonly metadata: string;
  readonly leafHash: string;
}
const golden = (file: string): Golden => JSON.parse(readFileSync(new URL(file, GOLDEN), 'utf8')) as Golden;

const recorded = (
  type: string,
  { data, metadata }: { readonly data: string; readonly metadata: string },
): RecordedEvent => ({
  id: SAMPLE_ID,
  type,
  data,
  metadata,
  stream: SAMPLE_STREAM,
  revision: SAMPLE_REVISION,
  position,
});

t.test(
  'every stored version of every event has a golden file, and no file is without an event',
  async (t) => {
    const wanted = EVENT_TYPES.flatMap((type) =>
      Array.from({ length: EVENT_VERSIONS[type] }, (_, version) => `${type}.v${version + 1}.json`),
    );
    t.strictSame(readdirSync(GOLDEN).sort(), wanted.sort());
  },
);

t.test('the newest version is written byte for byte as the golden file says', async (t) => {
  for (const type of EVENT_TYPES) {
    const file = golden(`${type}.v${EVENT_VERSIONS[type]}.json`);
    const encoded = serde.encode({
      id: SAMPLE_ID,
      event: sampleEvent(type),
      metadata,
      stream: SAMPLE_STREAM,
    });
    t.equal(encoded.data, file.data, `${type} data`);
    t.equal(encoded.metadata, file.metadata, `${type} metadata`);
    t.equal(
      leafHash(Buffer.from(entryText(recorded(type, encoded)))).toString('hex'),
      file.leafHash,
      `${type} leaf hash`,
    );
  }
});

t.test('every stored version is read as the newest', async (t) => {
  for (const type of EVENT_TYPES)
    for (let version = 1; version <= EVENT_VERSIONS[type]; version++) {
      const event = serde.decode(recorded(type, golden(`${type}.v${version}.json`)));
      t.strictSame(event.data, sampleEvent(type).data, `${type} v${version}`);
      t.strictSame(event.metadata, { ...metadata, schemaVersion: version });
    }
});

t.test('an older version goes through its upcasters, in order', async (t) => {
  // An artificial past: version 1 had a bare `reason` word "why", version 2 renamed it, version 3 made it lower case.
  const versions = { ...EVENT_VERSIONS, OrderRejected: 3 };
  const later = createSerde(versions, {
    ...UPCASTERS,
    OrderRejected: [
      ({ why, ...rest }) => ({ ...rest, reason: why }),
      ({ reason, ...rest }) => ({ ...rest, reason: String(reason).toLowerCase() }),
    ],
  });
  const stored = (schemaVersion: number, data: object) =>
    recorded('OrderRejected', {
      data: JSON.stringify(data),
      metadata: JSON.stringify({ ...metadata, schemaVersion }),
    });
  const newest: EventOf<'OrderRejected'>['data'] = { orderId: 'o', reason: 'late' };
  t.strictSame(later.decode(stored(1, { orderId: 'o', why: 'LATE' })).data, newest);
  t.strictSame(later.decode(stored(2, { orderId: 'o', reason: 'LATE' })).data, newest);
  t.strictSame(later.decode(stored(3, newest)).data, newest);
  t.throws(() => later.decode(stored(4, newest)), CodecError, 'a version from the future is refused');
  t.throws(() => later.decode(stored(0, newest)), CodecError);
});

t.test('what can not be read says where it stands and nothing of its content', async (t) => {
  const bad = recorded('StampSold', { data: '{"serial":', metadata: '{"schemaVersion":1}' });
  t.throws(() => serde.decode(bad), {
    name: 'CodecError',
    message: `unreadable event at ${SAMPLE_STREAM} revision ${SAMPLE_REVISION}`,
  });
  t.throws(
    () => serde.decode({ ...bad, type: 'toString' }),
    CodecError,
    'an inherited name is no event type',
  );
});

t.test('an event that breaks its schema or its size is refused at encoding', async (t) => {
  const encode = (event: unknown) =>
    serde.encode({ id: SAMPLE_ID, event: event as never, metadata, stream: SAMPLE_STREAM });
  t.throws(() => encode({ type: 'OrderCancelled', data: { orderId: 'o', extra: 1 } }), CodecError);
  t.throws(() => encode({ type: 'OrderCancelled', data: {} }), CodecError);
  t.throws(() => encode({ type: 'OrderCancelled', data: { orderId: 'o\u0000' } }), CodecError);
  const serials = Array.from({ length: 2000 }, () => 'K7QX2M9RD4TB0W5HN8CJ3F');
  const batch = {
    batchId: 'b',
    denomination: { amount: '1', currency: 'IDR' },
    quantity: 2000,
    series: 's',
    serials,
  };
  t.ok(
    encode({ type: 'BatchOpened', data: batch }).data.length < EVENT_BYTES_MAX,
    'the largest batch of own serials fits',
  );
  const big = {
    ...metadata,
    actor: '\u{1F600}'.repeat(256),
    backfill: { ...metadata.backfill!, source: '€'.repeat(256) },
  };
  t.throws(
    () =>
      serde.encode({
        id: SAMPLE_ID,
        event: {
          type: 'BatchOpened',
          data: { ...batch, serials: [...serials.slice(0, 1999), 'x'.repeat(22)] },
        },
        metadata: big,
        stream: SAMPLE_STREAM,
      }),
    CodecError,
  );
  const statement = '€'.repeat(2000);
  const rules = Array.from({ length: 50 }, () => statement);
  t.throws(
    () =>
      encode({
        type: 'IncidentOpened',
        data: {
          incidentId: 'i',
          title: 't',
          startedAt: metadata.recordedAt,
          relaxedRules: { version: '1', rules },
        },
      }),
    /longer than 65535/,
  );
});

t.test('ids are derived: the same parts give the same id, other parts another', async (t) => {
  const command = deriveCommandId('http', 'a', 'b');
  t.equal(command, deriveCommandId('http', 'a', 'b'));
  t.not(command, deriveCommandId('http', 'ab'), 'parts do not run together');
  t.match(
    command,
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    'UUID version 8 (RFC 9562)',
  );
  t.not(deriveEventId(command, 's', 0), deriveEventId(command, 's', 1));
  t.not(deriveEventId(command, 's', 0), deriveEventId(command, 't', 0));
});

t.test('serials are derived from key, batch and index, and pass their own check', async (t) => {
  const batch = 'b1' as BatchId;
  const one = serialDeriver(Buffer.alloc(32, 1));
  const two = serialDeriver(Buffer.alloc(32, 2));
  const serials = Array.from({ length: 5000 }, (_, index) => one.derive(batch, index));
  t.equal(new Set(serials).size, 5000);
  t.ok(serials.every((serial) => parseSerial(serial).ok));
  t.strictSame(
    serials.slice(0, 3),
    [0, 1, 2].map((index) => serialDeriver(Buffer.alloc(32, 1)).derive(batch, index)),
    'an interrupted minting resumes with the same serials',
  );
  t.not(two.derive(batch, 0), serials[0]);
  t.not(one.keyId, two.keyId);
  t.not([...serials].sort().join(), serials.join(), 'not sequential');
});

t.test('a faulty command body is told where it is wrong', async (t) => {
  const denomination = { amount: '10000', currency: 'IDR' };
  const order = { channel: 'c', holder: 'h', denomination, quantity: 1 };
  t.ok(validateCommand('place-order', order).ok);
  const pointerOf = (body: unknown): string => {
    const result = validateCommand('place-order', body);
    return result.ok ? 'ok' : (result.faults[0]?.pointer ?? '');
  };
  t.equal(pointerOf({ ...order, quantity: 0 }), '/quantity');
  t.equal(pointerOf({ ...order, quantity: 1001 }), '/quantity');
  t.equal(pointerOf({ ...order, denomination: { amount: '1e3', currency: 'IDR' } }), '/denomination/amount');
  t.equal(pointerOf({ ...order, denomination: { amount: '-1', currency: 'IDR' } }), '/denomination/amount');
  t.equal(
    pointerOf({ ...order, holder: '3201234567890123' }),
    '/holder',
    'a bare identity number is no holder reference',
  );
  t.equal(pointerOf({ ...order, 'a/b': 1 }), '/a~1b');
  t.equal(pointerOf({ channel: 'c', holder: 'h', denomination }), '/quantity');
  const payment = { reference: 'r', amount: '1', currency: 'IDR' };
  t.equal(
    pointerOf({ ...order, payment: { ...payment, paidAt: '2024-02-30T00:00:00Z' } }),
    '/payment/paidAt',
    'a day that does not exist',
  );
  t.equal(
    pointerOf({ ...order, payment: { ...payment, paidAt: '2024-02-29 00:00:00Z' } }),
    '/payment/paidAt',
  );
  t.equal(
    pointerOf({ ...order, payment: { ...payment, paidAt: '2024-02-29T00:00:60Z' } }),
    '/payment/paidAt',
  );
  t.equal(
    pointerOf({ ...order, payment: { ...payment, paidAt: '2024-02-29T00:00:00+07:00' } }),
    '/payment/paidAt',
  );
});

t.test('every schema is one', async (t) => {
  const ajv = new Ajv2020({ strict: true });
  const names = readdirSync(SCHEMAS_URL, { recursive: true, encoding: 'utf8' });
  const schemas = names.filter((name) => name.endsWith('.json'));
  t.ok(schemas.length > 50);
  for (const name of schemas)
    t.ok(ajv.validateSchema(JSON.parse(readFileSync(new URL(name, SCHEMAS_URL), 'utf8'))), name);
});
