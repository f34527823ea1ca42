import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a service without an API of its own stands. */
export interface Health {
  readonly ready: boolean;
  /** Why not, one sentence each. */
  readonly failing: readonly string[];
}

/** What a health server tells of. */
export interface Watched {
  /** False when only a new process can help. */
  live(): boolean;
  health(): Health;
  /** Gauges by name. */
  gauges(): Readonly<Record<string, number>>;
}

export interface HealthServer {
  readonly url: string;
  /** From now on not ready. */
  drain(): void;
  close(): Promise<void>;
}

const HEADERS_MILLISECONDS = 5_000;
const CONNECTIONS = 64;

/** Serves `/livez`, `/readyz` and `/metrics` (Prometheus text) of a service that has no other HTTP. */
export async function startHealthServer({
  host,
  port,
  watched,
}: {
  readonly host: string;
  readonly port: number;
  readonly watched: Watched;
}): Promise<HealthServer> {
  let draining = false;
  const server = createServer(
    { headersTimeout: HEADERS_MILLISECONDS, requestTimeout: HEADERS_MILLISECONDS },
    (request, response) => {
      switch (request.url) {
        case '/livez':
          return answer(response, watched.live() ? 200 : 503, { status: watched.live() ? 'live' : 'stuck' });
        case '/readyz': {
          const { ready, failing } = watched.health();
          const isReady = ready && !draining;
          const reasons = draining ? ['draining', ...failing] : failing;
          return answer(response, isReady ? 200 : 503, {
            status: isReady ? 'ready' : 'not-ready',
            failing: reasons,
          });
        }
        case '/metrics':
          return metrics(response, watched.gauges());
        default:
          return answer(response, 404, { status: 'not-found' });
      }
    },
  );
  server.maxConnections = CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    url: urlOf(server, host),
    drain: () => {
      draining = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    .end(JSON.stringify(body));
}

function metrics(response: ServerResponse, gauges: Readonly<Record<string, number>>): void {
  const lines = Object.entries(gauges).map(([name, value]) => `# TYPE ${name} gauge\n${name} ${value}\n`);
  response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).end(lines.join(''));
}
