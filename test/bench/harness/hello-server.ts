// What Node's own HTTP server, or Koa, can do at most: always the same short answer. And a socket that gives it for whatever
// comes in, which shows what the load generator can do.
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, type Server, createServer as socketServer } from 'node:net';
import Koa from 'koa';

const ANSWER = JSON.stringify({ hello: 'world' });

const RAW_ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${ANSWER.length}\r\n\r\n${ANSWER}`,
);

function listenerOf(kind: string | undefined): RequestListener {
  switch (kind) {
    case 'http':
      return (_, response) => {
        response.writeHead(200, {
          'content-type': 'application/json; charset=utf-8',
          'content-length': ANSWER.length,
        });
        response.end(ANSWER);
      };
    case 'koa':
      return new Koa()
        .use((context) => {
          context.type = 'json';
          context.body = ANSWER;
        })
        .callback();
    default:
      throw new Error(`there is no hello server ${kind}`);
  }
}

const serverOf = (kind: string | undefined): Server =>
  kind === 'socket'
    ? socketServer({ noDelay: true }, (socket) => {
        socket.on('data', () => socket.write(RAW_ANSWER));
        socket.on('error', () => socket.destroy());
      })
    : createServer(listenerOf(kind));

const server = serverOf(process.argv[2]).listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`hello server ready http://127.0.0.1:${port}\n`);
});
