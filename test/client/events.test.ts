import { createClient, type EventAnswer } from '@stamp-ledger/client';
import t, { type Test } from 'tap';
import {
  type FakeAnswer,
  type FakeLedger,
  jsonAnswer,
  problemAnswer,
  startFakeLedger,
} from '../support/fake-ledger.js';

function closeAfter(t: Test, client: { close(): void }, fake: FakeLedger): void {
  t.teardown(() => {
    client.close();
    return fake.close();
  });
}

const event = (position: string) => ({ position, stream: 'order-1', type: 'OrderPaid' });

/** A log of five events in pages of `limit`, after the position asked for. */
const log: FakeAnswer = (response, { url }) => {
  const query = new URL(url, 'http://127.0.0.1').searchParams;
  const after = query.get('after') ?? '0';
  const page = ['1', '2', '3', '4', '5'].filter((position) => position > after);
  const events = page.slice(0, Number(query.get('limit'))).map(event);
  const next = events.at(-1)?.position ?? (after === '0' ? undefined : after);
  jsonAnswer(200, { events, next })(response, { method: '', url, headers: {}, body: '' });
};

t.test('every event comes once and in order, page after page, up to the head', async (t) => {
  const fake = await startFakeLedger(log);
  const client = createClient({ baseUrl: fake.url });
  closeAfter(t, client, fake);
  const seen: string[] = [];
  const checkpoints: string[] = [];
  for await (const { position } of client.events.follow({
    limit: 2,
    stopAtHead: true,
    onCheckpoint: (place) => checkpoints.push(`${place} after ${seen.length}`),
  }))
    seen.push(position);
  t.same(seen, ['1', '2', '3', '4', '5']);
  t.same(checkpoints, ['2 after 2', '4 after 4', '5 after 5'], 'a checkpoint comes after its events');
});

t.test('it goes on from a place, waits at the head, and ends with its signal', async (t) => {
  const fake = await startFakeLedger(log);
  const client = createClient({ baseUrl: fake.url });
  closeAfter(t, client, fake);
  const stop = new AbortController();
  const seen: EventAnswer[] = [];
  setTimeout(() => stop.abort(), 150);
  for await (const each of client.events.follow({
    after: '3',
    pollMilliseconds: 10,
    signal: stop.signal,
  }))
    seen.push(each);
  t.same(
    seen.map(({ position }) => position),
    ['4', '5'],
  );
  t.ok(fake.requests.length > 3, 'it kept asking');
});

t.test('a moment of unavailability is passed over, a refusal is not', async (t) => {
  const fake = await startFakeLedger(problemAnswer(503, 'ledger-unavailable'), log);
  const client = createClient({ baseUrl: fake.url, retry: { baseMilliseconds: 5 } });
  closeAfter(t, client, fake);
  const seen: string[] = [];
  for await (const { position } of client.events.follow({ stopAtHead: true })) seen.push(position);
  t.equal(seen.length, 5);

  const closed = await startFakeLedger(problemAnswer(401, 'unauthenticated'));
  const stranger = createClient({ baseUrl: closed.url });
  closeAfter(t, stranger, closed);
  await t.rejects(stranger.events.follow({ stopAtHead: true }).next(), {
    name: 'LedgerError',
    message: 'It is unauthenticated.',
  });
});

t.test('an empty log has nothing to yield', async (t) => {
  const fake = await startFakeLedger(jsonAnswer(200, { events: [] }));
  const client = createClient({ baseUrl: fake.url });
  closeAfter(t, client, fake);
  t.same(await client.events.follow({ stopAtHead: true }).next(), { done: true, value: undefined });
});
