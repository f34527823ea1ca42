import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { Connection } from './connection.js';
import { failuresOf, runLoad } from './load.js';

/** Answers each request by what `answer` gives for its number, piece by piece. */
async function server(answer: (index: number) => readonly string[]) {
  let index = 0;
  const listening = createServer((socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', async () => {
      for (const piece of answer(index++)) {
        if (piece === '') socket.destroy();
        else socket.write(piece, 'latin1');
        await turn();
        await turn();
      }
    });
  }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.teardown(() => listening.close());
  return { host: '127.0.0.1', port: (listening.address() as AddressInfo).port };
}

t.test('an answer is read whole, however it comes, and one after another', async (t) => {
  const answers = [
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab'],
    ['HTTP/1.1 20', '1 Created\r\nx: y\r\ncontent-length: 10\r', '\n\r\n01234', '56789'],
    ['HTTP/1.1 404 Not Found\r\nx: y\r\ncontent-length: 3\r\n\r\nabc'],
    ['HTTP/1.1 304 Not Modified\r\n\r\n'],
    [`HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n${'z'.repeat(40_000)}`],
    ['HTTP/1.1 200 OK\r\n\r\n'],
  ];
  const connection = await Connection.open(await server((index) => answers[index] ?? ['']));
  t.strictSame(await connection.send('GET'), { status: 200, body: 'ab' });
  t.strictSame(await connection.send('GET'), { status: 201, body: '0123456789' });
  t.strictSame(await connection.send('GET'), { status: 404, body: 'abc' });
  t.strictSame(await connection.send('GET'), { status: 304, body: '' });
  t.equal((await connection.send('GET')).body.length, 40_000);
  await t.rejects(connection.send('GET'), { message: 'an answer 200 without its length' });
  t.notOk(connection.isOpen);
  await connection.close();
});

t.test('what was closed says so, and keeps nobody waiting', async (t) => {
  const connection = await Connection.open(await server(() => ['']));
  t.ok(connection.isOpen);
  await t.rejects(connection.send('GET'), { message: 'the server closed the connection' });
  t.notOk(connection.isOpen);
  await t.rejects(connection.send('GET'), { message: 'the server closed the connection' });
});

const OK = ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'];
const BUSY = ['HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'];
const REQUESTS = Array.from({ length: 50 }, (_, index) => ({ method: 'GET' as const, path: `/${index}` }));

t.test('a closed loop sends each request once, and tells what came of it', async (t) => {
  const { host, port } = await server((index) => (index === 7 ? BUSY : OK));
  const load = { url: `http://${host}:${port}`, requests: REQUESTS, connections: 4, seconds: 60 };
  const result = await runLoad(load);
  t.strictSame(result.statuses, { 200: 49, 503: 1 });
  t.equal(failuresOf(result), '1 answers 503');
  t.equal(new Set(result.acknowledged).size, 49);
});

t.test('an open loop sends what is due, again and again where that is wanted', async (t) => {
  const { host, port } = await server(() => OK);
  const url = `http://${host}:${port}`;
  const load = { url, requests: REQUESTS, connections: 4, seconds: 0.2, rate: 500 };
  t.equal((await runLoad({ ...load, repeat: true })).acknowledged.length, 100);
  await t.rejects(runLoad(load), { message: 'there are too few requests for this rate and time' });
});
