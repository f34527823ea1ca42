import { connect } from 'node:net';
import { feedText, HTTP_LIMITS } from '@stamp-ledger/api';
import { LOG_KEYS_STREAM, QUEUE_STREAM, STOCK_POLICIES_STREAM, type StreamKind } from '@stamp-ledger/codec';
import type { Test } from 'tap';
import { eventually } from '../../support/eventually.js';
import type { JsonObject } from '../../support/http.js';
import { serve } from '../../support/server.js';
import {
  fresh,
  head,
  mintStamps,
  problemName,
  recorded,
  sellStamp,
  UNKNOWN_SERIAL,
  type World,
} from '../world.js';

const SOON = 10_000;
const TYPE = 'text/event-stream';

/** `GET /v1/events` as server-sent events: a subscriber that leaves and comes back misses nothing. */
export async function feed(t: Test, world: World): Promise<void> {
  await t.test('what is there, and what comes', (t) => follows(t, world));
  await t.test('goes on after the last id', (t) => resumes(t, world));
  await t.test('goes out in small pieces', (t) => inPieces(t, world));
  await t.test('shows what is asked for, and moves on past the rest', (t) => filters(t, world));
  await t.test('says in a silence that it is there', (t) => beats(t, world));
  await t.test('ends after its time, and as a HEAD at once', (t) => ends(t, world));
  await t.test('has places of its own', (t) => places(t, world));
  await t.test('gives its place back on a connection that breaks under two', (t) => breaks(t, world));
  await t.test('ends when the service stops', (t) => stops(t, world));
  await t.test('of every kind of stream', (t) => everyKind(t, world));
  await t.test('a wrong place to go on from', (t) => wrongPlace(t, world));
}

/** One frame of a feed; without data it only moves the place. */
interface Frame {
  readonly id: string | undefined;
  readonly event: JsonObject | undefined;
}

/** A connection to a feed, read frame by frame. */
async function open(
  { url, opened }: Pick<World, 'url' | 'opened'>,
  { query = '', lastEventId }: { readonly query?: string; readonly lastEventId?: string },
) {
  const leaving = new AbortController();
  const answer = await fetch(`${url}/v1/events${query}`, {
    headers: {
      accept: TYPE,
      authorization: `Bearer ${opened.adminToken ?? ''}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: AbortSignal.any([leaving.signal, AbortSignal.timeout(SOON)]),
  });
  const { body } = answer;
  if (body === null) throw new Error('a feed without a body');
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    frames: framesOf(body.pipeThrough(new TextDecoderStream())),
    leave: () => leaving.abort(),
  };
}

async function* framesOf(chunks: AsyncIterable<string>): AsyncGenerator<Frame, void, undefined> {
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    yield* parts.map((part) => {
      const data = /^data: (.*)$/m.exec(part)?.[1];
      return {
        id: /^id: (.*)$/m.exec(part)?.[1],
        event: data === undefined ? undefined : (JSON.parse(data) as JsonObject),
      };
    });
  }
}

async function taken(frames: AsyncGenerator<Frame>, isWanted: (frame: Frame) => boolean): Promise<Frame[]> {
  const seen: Frame[] = [];
  for (;;) {
    const { value, done } = await frames.next();
    if (done === true) throw new Error('the feed ended');
    seen.push(value);
    if (isWanted(value)) return seen;
  }
}

const eventsOf = (frames: readonly Frame[]): JsonObject[] =>
  frames.map(({ event }) => event).filter((event) => event !== undefined);
const ofStamp =
  (serial: string, type: string) =>
  ({ event }: Frame): boolean =>
    event?.type === type && (event.data as JsonObject).serial === serial;

async function follows(t: Test, world: World): Promise<void> {
  const from = await head(world);
  const [serial = ''] = await mintStamps(world.call, 1);
  const { status, type, frames, leave } = await open(world, { query: `?after=${from}&limit=1` });
  t.equal(status, 200);
  t.equal(type, TYPE);
  const stored = await taken(frames, ofStamp(serial, 'StampMinted'));
  await sellStamp(world.call, serial);
  const live = await taken(frames, ofStamp(serial, 'StampSold'));
  leave();
  const all = [...stored, ...live].filter(({ event }) => event !== undefined);
  t.ok(
    all.every(({ id, event }) => id === event?.position),
    'an id is a position',
  );
  const page = await world.call(`/v1/events?after=${from}&limit=${all.length}`);
  t.strictSame(
    eventsOf(all).map(recorded),
    (page.json.events as JsonObject[]).map(recorded),
    'as in the pages',
  );
}

async function resumes(t: Test, world: World): Promise<void> {
  const from = await head(world);
  const serials = await mintStamps(world.call, 3);
  const first = await open(world, { query: `?after=${from}&types=StampMinted` });
  const [last] = (await taken(first.frames, ({ event }) => event !== undefined)).slice(-1);
  first.leave();
  const again = await open(world, {
    query: `?after=${from}&types=StampMinted`,
    ...(last?.id === undefined ? {} : { lastEventId: last.id }),
  });
  const rest = await taken(again.frames, ofStamp(serials[2] ?? '', 'StampMinted'));
  again.leave();
  t.strictSame(
    [...eventsOf(last === undefined ? [] : [last]), ...eventsOf(rest)].map(
      ({ data }) => (data as JsonObject).serial,
    ),
    serials,
    'each once',
  );
}

/** Longest event of the suites, as a frame. */
const FRAME_CHARACTERS = 8_192;

async function inPieces(t: Test, world: World): Promise<void> {
  const end = `id: ${await head(world)}\n`;
  const leaving = new AbortController();
  const pages = world.opened.ledger.audit.follow({ signal: leaving.signal });
  const lengths: number[] = [];
  for await (const piece of feedText(pages, SOON)) {
    lengths.push(piece.length);
    if (piece.includes(end)) leaving.abort();
  }
  const longest = HTTP_LIMITS.feedPieceCharacters + FRAME_CHARACTERS;
  t.ok(Math.max(...lengths) <= longest, `what a slow client holds is bounded: ${lengths}`);
  t.ok(lengths.length > 2, 'and there was more than that');
}

async function filters(t: Test, world: World): Promise<void> {
  const from = await head(world);
  const [serial = '', other = ''] = await mintStamps(world.call, 2);
  await sellStamp(world.call, serial);
  await sellStamp(world.call, other);
  const end = await head(world);
  const { frames, leave } = await open(world, { query: `?after=${from}&stream=stamp-${serial}` });
  const seen = await taken(frames, ({ id }) => id === end);
  leave();
  t.strictSame(
    eventsOf(seen).map(({ stream, type }) => [stream, type]),
    [
      [`stamp-${serial}`, 'StampMinted'],
      [`stamp-${serial}`, 'StampSold'],
    ],
  );
  t.equal(seen.at(-1)?.event, undefined, 'the place moves on without an event');
}

async function beats(t: Test, world: World): Promise<void> {
  const { api, url } = await serve(world.opened, { limits: { feedBeatMilliseconds: 20 } });
  const from = (await head(world)) ?? '';
  const { frames, leave } = await open({ ...world, url }, { lastEventId: from });
  await frames.next();
  for (let beat = 0; beat < 2; beat += 1)
    t.strictSame((await frames.next()).value, { id: undefined, event: undefined });
  const [serial = ''] = await mintStamps(world.call, 1);
  t.ok(await taken(frames, ofStamp(serial, 'StampMinted')), 'and goes on');
  leave();
  await api.close();
}

async function ends(t: Test, world: World): Promise<void> {
  const { api, call } = await serve(world.opened, {
    limits: { feedMilliseconds: 50 },
    witness: world.recorder.witness,
  });
  const after = await head(world);
  const headers = { accept: TYPE };
  const reply = await call(`/v1/events?after=${after}`, { headers });
  t.equal(reply.status, 200);
  t.match(reply.text, /^retry: \d+\n\n/, 'and says when to come back');
  const none = await call(`/v1/events?after=${after}`, { method: 'HEAD', headers });
  t.equal(none.headers.get('content-type'), TYPE);
  t.equal(none.text, '');
  await api.close();
}

async function places(t: Test, world: World): Promise<void> {
  const { api, url, call } = await serve(world.opened, { limits: { feeds: 1, drainMilliseconds: 100 } });
  const from = (await head(world)) ?? '';
  const first = await open({ ...world, url }, { lastEventId: from });
  const second = await call('/v1/events', { headers: { accept: TYPE } });
  t.equal(second.status, 503);
  t.equal(problemName(second), 'ledger-unavailable');
  t.match(second.headers.get('retry-after'), /^\d+$/);
  first.leave();
  await eventually(
    async () => {
      const next = await open({ ...world, url }, { lastEventId: from });
      next.leave();
      return next.status === 200;
    },
    { what: 'the place of the feed', milliseconds: SOON },
  );
  await api.close();
}

/** More than Node takes for a response that has to wait for another before it says that it is full. */
const FULL_BYTES = 16_384;

async function breaks(t: Test, world: World): Promise<void> {
  const { api, url, call } = await serve(world.opened, { limits: { feeds: 2, drainMilliseconds: 100 } });
  const { text } = await call('/v1/events?limit=1000');
  t.ok(text.length > FULL_BYTES, 'the log is long enough');
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const request = [
    'GET /v1/events HTTP/1.1',
    'Host: ledger',
    `Accept: ${TYPE}`,
    `Authorization: Bearer ${world.opened.adminToken ?? ''}`,
    '',
    '',
  ].join('\r\n');
  socket.write(request + request);
  const status = async (): Promise<number> => {
    const next = await open({ ...world, url }, {});
    next.leave();
    return next.status;
  };
  const within = { what: 'the places of the feeds', milliseconds: SOON };
  await eventually(async () => (await status()) === 503, within);
  socket.destroy();
  const bothFree = await eventually(async () => {
    const [one, two] = await Promise.all([open({ ...world, url }, {}), open({ ...world, url }, {})]);
    one.leave();
    two.leave();
    return one.status === 200 && two.status === 200;
  }, within);
  t.ok(bothFree);
  await api.close();
}

async function stops(t: Test, world: World): Promise<void> {
  const { api, url } = await serve(world.opened);
  const { frames } = await open({ ...world, url }, { lastEventId: (await head(world)) ?? '' });
  await frames.next();
  const [closed, rest] = await Promise.all([api.close().then(() => 'closed'), frames.next()]);
  t.equal(closed, 'closed');
  t.equal(rest.done, true, 'as if all had been said');
}

const A_STREAM_OF: Readonly<Record<StreamKind, string>> = {
  stamp: `stamp-${UNKNOWN_SERIAL}`,
  order: 'order-1',
  batch: 'batch-1',
  allocation: 'allocation-1',
  incident: 'incident-1',
  queue: QUEUE_STREAM,
  stock: STOCK_POLICIES_STREAM,
  log: LOG_KEYS_STREAM,
};

async function everyKind(t: Test, { call }: World): Promise<void> {
  for (const name of Object.values(A_STREAM_OF))
    t.equal((await call(`/v1/events?stream=${name}`)).status, 200, name);
  for (const name of ['colour-1', 'stamp-', 'stamp', '-1', 'stamp-a.b', `stamp-${'x'.repeat(65)}`])
    t.equal((await call(`/v1/events?stream=${name}`)).status, 400, name);
}

async function wrongPlace(t: Test, { call }: World): Promise<void> {
  const reply = await call('/v1/events', { headers: { accept: TYPE, 'last-event-id': fresh() } });
  t.equal(reply.status, 400);
  t.match(reply.json.errors, [{ header: 'Last-Event-ID' }]);
}
