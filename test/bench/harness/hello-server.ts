// What Node's own HTTP server, or Koa, can do at most: always the same short answer.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';

const ANSWER = JSON.stringify({ hello: 'world' });

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

const server = createServer(listenerOf(process.argv[2])).listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`hello server ready http://127.0.0.1:${port}\n`);
});
