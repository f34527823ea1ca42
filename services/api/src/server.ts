import { randomUUID } from 'node:crypto';
import {
  createServer,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { HTTP_LIMITS, type HttpLimits } from './limits.js';
import { PROBLEM_TYPE, problemBody } from './problems/problem.js';
import { PROBLEMS, type ProblemName } from './problems/table.js';
import { takesItsTime } from './request/patience.js';

/** A Node HTTP server with every bound set, which answers even malformed HTTP with a problem. */
export function createHttpServer(handler: RequestListener, limits: HttpLimits, logger: Logger): Server {
  // An entry for each connection, not for each request: those cost 9 µs of the 50 of a look-up, most of it in the collector.
  const answering = new WeakMap<Duplex, { response?: ServerResponse }>();
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMilliseconds,
      requestTimeout: limits.requestTimeoutMilliseconds,
      keepAliveTimeout: limits.keepAliveTimeoutMilliseconds,
      connectionsCheckingInterval: limits.connectionsCheckingMilliseconds,
      // A missing Host is answered with a problem, further up.
      requireHostHeader: false,
      noDelay: true,
    },
    (request, response) => {
      const connection = answering.get(request.socket);
      if (connection !== undefined) connection.response = response;
      handler(request, response);
    },
  );
  server.maxConnections = limits.connections;
  server.on('connection', (socket) => answering.set(socket, {}));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && takesItsTime(socket)) return;
    logger.debug({ code: error.code }, 'malformed or broken connection');
    const response = answering.get(socket)?.response;
    // An answer under way must not have another one written into it.
    const midAnswer = response?.headersSent === true && !response.writableFinished;
    if (error.code === 'ECONNRESET' || !socket.writable || midAnswer) socket.destroy();
    else writeRaw(socket, problemOf(error));
  });
  server.on('checkExpectation', (_request, response) => {
    writeRaw(response.socket, 'expectation-failed');
  });
  // Without a listener Node closes the connection of a CONNECT without a word.
  server.on('connect', (_request, socket) => writeRaw(socket, 'method-not-allowed'));
  return server;
}

function problemOf({ code }: NodeJS.ErrnoException): ProblemName {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'headers-too-large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request-timeout';
    default:
      return 'malformed-http';
  }
}

/** An answer written by hand, for requests that never became one. Ends the connection. */
function writeRaw(socket: Duplex | Socket | null, name: ProblemName): void {
  if (socket === null) return;
  const { status } = PROBLEMS[name];
  const requestId = randomUUID();
  const body = problemBody(name, requestId);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      ...(name === 'method-not-allowed' ? ['Allow: GET, HEAD, POST, DELETE'] : []),
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
    () => socket.destroy(),
  );
}

export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // A crowd that connects at once must not be dropped by the kernel: its clients would come back in the dark.
    server.listen({ port, host, backlog: HTTP_LIMITS.connectionBacklog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${address.port}`;
}

/** Takes no new connection, lets running requests end, and cuts off those that do not in time. */
export async function close(server: Server, milliseconds: number): Promise<void> {
  if (!server.listening) return;
  const deadline = setTimeout(() => server.closeAllConnections(), milliseconds);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearTimeout(deadline);
}
