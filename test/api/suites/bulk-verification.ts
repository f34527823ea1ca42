import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { eventually } from '../../support/eventually.js';
import type { Call, JsonObject, Reply } from '../../support/http.js';
import { serve } from '../../support/server.js';
import { affixedStamp, fresh, freshDocument, head, mintStamps, problemName, type World } from '../world.js';

const PATH = '/v1/verifications/bulk';
const TYPE = { 'content-type': 'application/x-ndjson' };
const SOON = { what: 'the place of the bulk verification', milliseconds: 10_000 };

/** Verifications by the million: a line in, a line out. */
export async function bulkVerification(t: Test, world: World): Promise<void> {
  await t.test('a verdict a line, in order', (t) => inOrder(t, world));
  await t.test('what is wrong with a line is said in its place', (t) => faults(t, world));
  await t.test('the same lines with the same key are recorded once', (t) => again(t, world));
  await t.test('answers come while the rest is still being sent', (t) => conversation(t, world));
  await t.test('a reader that stops stops the work', (t) => slowReader(t, world));
  await t.test('a client that leaves leaves nothing behind', (t) => leaving(t, world));
  await t.test('what is no body of lines is refused', (t) => refused(t, world));
  await t.test('longer than any other body may take', (t) => patience(t, world));
}

const bulk = ({ call }: Pick<World, 'call'>, lines: readonly string[], more: Call = {}): Promise<Reply> =>
  call(PATH, { raw: lines.join('\n'), ...more, headers: { ...TYPE, ...more.headers } });
const linesOf = ({ text }: Reply): JsonObject[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JsonObject);
const lineOf = (serial: string, sha256?: string): string =>
  JSON.stringify(sha256 === undefined ? { serial } : { serial, document: { sha256 } });

async function inOrder(t: Test, world: World): Promise<void> {
  const sha256 = freshDocument();
  const affixed = await affixedStamp(world.call, sha256);
  const minted = await mintStamps(world.call, 100);
  const reply = await bulk(world, [
    lineOf(affixed, sha256),
    ...minted.map((serial) => lineOf(serial)),
    lineOf(affixed.toLowerCase(), freshDocument()),
    lineOf('STMPAAAAAAAAAAAAAAAAAA'),
  ]);
  t.equal(reply.status, 200);
  t.equal(reply.headers.get('content-type'), 'application/x-ndjson');
  const lines = linesOf(reply);
  t.strictSame(
    lines.map(({ line }) => line),
    Array.from({ length: 103 }, (_, index) => index + 1),
  );
  t.match(lines[0], { serial: affixed, verdict: 'genuine', position: String });
  t.match(lines[1], { serial: minted[0], verdict: 'not-genuine' });
  t.match(lines[100], { serial: minted[99] });
  t.match(lines[101], { serial: affixed, verdict: 'not-genuine' });
  t.match(lines[101]?.reasons, ['document-mismatch']);
  t.match(lines[102], { verdict: 'not-genuine', reasons: ['malformed-serial'] });
  t.notOk(lines[102]?.position, 'nothing is recorded of a malformed one');
  const view = await world.call(`/v1/stamps/${affixed}?consistency=strong`);
  t.match(view.json, { verifications: { count: 2 } }, 'recorded');
}

async function faults(t: Test, world: World): Promise<void> {
  const [serial = ''] = await mintStamps(world.call, 1);
  const good = lineOf(serial);
  const reply = await bulk(world, [
    good,
    '{"serial":',
    '',
    `{"serial":"${serial}","colour":"red"}`,
    `{"serial":"${'x'.repeat(5_000)}"}`,
    `{"serial":"${serial}","serial":"${serial}"}`,
    `${good}\r`,
    '[]',
    `${good}${' '.repeat(1_024 - good.length)}`,
    `${good}${' '.repeat(1_025 - good.length)}`,
  ]);
  t.equal(reply.status, 200, 'the rest goes on');
  const said = linesOf(reply).map(({ line, verdict, problem }) => [
    line,
    verdict ?? (problem as JsonObject).type,
  ]);
  t.strictSame(said, [
    [1, 'not-genuine'],
    [2, '/problems/malformed-json'],
    [4, '/problems/invalid-request'],
    [5, '/problems/body-too-large'],
    [6, '/problems/duplicate-key'],
    [7, 'not-genuine'],
    [8, '/problems/invalid-request'],
    [9, 'not-genuine'],
    [10, '/problems/body-too-large'],
  ]);
}

async function again(t: Test, world: World): Promise<void> {
  const serials = await mintStamps(world.call, 40);
  const lines = serials.map((serial) => lineOf(serial));
  const key = `bulk-${fresh()}`;
  const first = await bulk(world, lines, { key });
  const before = await head(world);
  const second = await bulk(world, lines, { key });
  t.equal(second.text, first.text);
  t.equal(await head(world), before, 'nothing is recorded anew');

  const answered = linesOf(first);
  const rest = await bulk(world, [` ${lines[39]}`, lineOf((serials[7] ?? '').toLowerCase())], { key });
  t.strictSame(
    linesOf(rest),
    [answered[39], answered[7]].map((answer, index) => ({ ...answer, line: index + 1 })),
    'a check is known by what it checks, on whatever line and however it is written',
  );
  t.equal(await head(world), before);

  const [other = ''] = await mintStamps(world.call, 1);
  const corrected = await bulk(world, [lineOf(other), lineOf(serials[0] ?? '', freshDocument())], { key });
  t.match(
    linesOf(corrected),
    [
      { line: 1, serial: other, position: String },
      { line: 2, serial: serials[0], position: String },
    ],
    'what another line says under the same key is another check, with an answer of its own',
  );
  const positions = [...answered, ...linesOf(corrected)].map(({ position }) => position);
  t.equal(new Set(positions).size, 42, 'each is on record once');
}

/** A request whose body is written bit by bit. */
function open({ url, opened }: Pick<World, 'url' | 'opened'>) {
  return request(`${url}${PATH}`, {
    method: 'POST',
    headers: {
      ...TYPE,
      authorization: `Bearer ${opened.adminToken ?? ''}`,
      'idempotency-key': fresh(),
    },
  });
}

async function conversation(t: Test, world: World): Promise<void> {
  const [serial = ''] = await mintStamps(world.call, 1);
  const sent = open(world);
  sent.write(`${lineOf(serial)}\n`);
  const [response] = await once(sent, 'response');
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  for (let line = 1; line <= 3; line++) {
    const answer = await lines.next();
    t.match(JSON.parse(String(answer.value)), { line, serial });
    if (line < 3) sent.write(`${lineOf(serial)}\n`);
  }
  sent.end();
  t.equal((await lines.next()).done, true);
}

async function slowReader(t: Test, world: World): Promise<void> {
  const bad = `${'{"serial":1}\n'.repeat(1_000)}`;
  const sent = open(world);
  let written = 0;
  sent.on('error', () => undefined);
  sent.on('response', (response) => response.pause());
  // Until the connection takes no more: what the ledger answers is not read, so it must stop reading too.
  const most = 100_000_000;
  const write = (): void => {
    while (written < most) {
      written += bad.length;
      if (!sent.write(bad)) {
        sent.once('drain', write);
        return;
      }
    }
  };
  write();
  let before = -1;
  await eventually(
    async () => {
      const isStill = before === written;
      before = written;
      return isStill;
    },
    { what: 'a standstill', milliseconds: 20_000 },
  );
  t.ok(written < most, `it stood still after ${written} bytes`);
  sent.destroy();
}

async function leaving(t: Test, world: World): Promise<void> {
  const [serial = ''] = await mintStamps(world.call, 1);
  const { api, call, url } = await serve(world.opened, {
    limits: { bulkRequests: 1 },
    witness: world.recorder.witness,
  });
  const sent = open({ url, opened: world.opened });
  sent.on('error', () => undefined);
  sent.write(`${lineOf(serial)}\n{"serial":`);
  const [response] = await once(sent, 'response');
  response.on('error', () => undefined);
  await once(response, 'data');
  const second = await bulk({ call }, [lineOf(serial)]);
  t.equal(second.status, 503, 'only so many at once');
  t.equal(problemName(second), 'ledger-unavailable');
  t.match(second.headers.get('retry-after'), /^[1-5]$/);
  sent.destroy();
  await eventually(async () => (await bulk({ call }, [lineOf(serial)])).status === 200, SOON);
  const last = open({ url, opened: world.opened });
  last.on('error', () => undefined);
  last.write(`${lineOf(serial)}\n`);
  const [cut] = await once(last, 'response');
  await once(cut, 'data');
  const gone = once(cut, 'error');
  const begun = performance.now();
  await api.close();
  t.ok(performance.now() - begun < 5_000, 'it does not hold up a service that stops');
  await gone;
}

async function refused(t: Test, world: World): Promise<void> {
  const json = await bulk(world, ['{}'], { headers: { 'content-type': 'application/json' } });
  t.equal(problemName(json), 'unsupported-media-type');
  t.equal(json.headers.get('accept-post'), 'application/x-ndjson');
  t.equal(problemName(await bulk(world, ['{}'], { key: null })), 'idempotency-key-required');
  t.equal((await bulk(world, [''])).text, '', 'no line, no answer');
}

/** The time in which a request has to arrive is not for this one; the time in which something has to move is. */
async function patience(t: Test, world: World): Promise<void> {
  const { api, url } = await serve(world.opened, {
    limits: {
      requestTimeoutMilliseconds: 100,
      headersTimeoutMilliseconds: 100,
      connectionsCheckingMilliseconds: 20,
      bulkIdleMilliseconds: 600,
    },
  });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.on('error', () => undefined);
  const chunk = (line: string): string => `${line.length.toString(16)}\r\n${line}\r\n`;
  const closed = once(socket, 'close');
  socket.write(
    `POST ${PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${world.opened.adminToken ?? ''}\r\n` +
      `Content-Type: ${TYPE['content-type']}\r\nIdempotency-Key: ${fresh()}\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  for (let line = 1; line <= 3; line++) {
    socket.write(chunk('[]\n'));
    await eventually(async () => text.includes(`{"line":${line},`), {
      what: 'an answer',
      milliseconds: 5_000,
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  await closed;
  t.notMatch(text, /HTTP\/1\.1 408/);
  t.notMatch(text, /\r\n0\r\n\r\n$/, 'an answer that was cut off does not look whole');
  await api.close();
}
