import { setTimeout as sleep } from 'node:timers/promises';
import { type Latency, LatencyHistogram } from './latency.js';
import { Connection } from './load/connection.js';
import { type LoadRequest, requestText } from './load/load.js';

export interface LagProbe {
  readonly url: string;
  readonly token: string;
  /** Each changes one stamp. */
  readonly commands: readonly LoadRequest[];
  /** The path that shows the stamp of a command; its answer has a `revision`. */
  readonly readPath: (index: number) => string;
  readonly everyMilliseconds: number;
  /** Between two look-ups of one probe: no figure is finer. */
  readonly pollMilliseconds: number;
  /** No other probe begins after so long. */
  readonly seconds: number;
}

export interface Lag {
  readonly latency: Latency;
  readonly probes: number;
  /** Numbers of the commands that were acknowledged. */
  readonly acknowledged: readonly number[];
}

const GIVE_UP_MILLISECONDS = 60_000;

/**
 * How long after the acknowledgement of a command its effect is readable: asked with plain look-ups, one after another,
 * from when the answer came. So the time of one look-up is in every figure. Probes begin at even intervals, whether those
 * before have ended or not.
 */
export async function probeLag(probe: LagProbe): Promise<Lag> {
  const { commands, everyMilliseconds, seconds } = probe;
  const histogram = new LatencyHistogram();
  const acknowledged: number[] = [];
  const running = new Set<Promise<void>>();
  const idle: Connection[] = [];
  const start = performance.now();
  for (const [index, request] of commands.entries()) {
    const now = performance.now() - start;
    if (now > seconds * 1_000) break;
    await sleep(Math.max(0, index * everyMilliseconds - now));
    const connection = stillOpen(idle) ?? (await open(probe.url));
    const one = probeOnce(probe, { connection, index, request }).then((milliseconds) => {
      histogram.record(milliseconds);
      acknowledged.push(index);
      idle.push(connection);
      running.delete(one);
    });
    running.add(one);
  }
  await Promise.all(running);
  for (const connection of idle) connection.close();
  return { latency: histogram.latency(), probes: acknowledged.length, acknowledged };
}

/** Milliseconds from the acknowledgement to the first look-up that shows it. */
async function probeOnce(
  { url, token, readPath, pollMilliseconds }: LagProbe,
  {
    connection,
    index,
    request,
  }: { readonly connection: Connection; readonly index: number; readonly request: LoadRequest },
): Promise<number> {
  const { status, body } = await connection.send(requestText(request, { url, token }));
  if (status !== 201) throw new Error(`a probe was answered ${status}: ${body}`);
  const since = performance.now();
  const read = requestText({ method: 'GET', path: readPath(index) }, { url });
  while (!(await shows(connection, read, revisionOf(body)))) {
    if (performance.now() - since > GIVE_UP_MILLISECONDS)
      throw new Error('what was acknowledged is not readable within a minute');
    await sleep(pollMilliseconds);
  }
  return performance.now() - since;
}

/** The one that was used last: those before may have been closed for being idle. */
function stillOpen(idle: Connection[]): Connection | undefined {
  const connection = idle.pop();
  return connection === undefined || connection.isOpen ? connection : stillOpen(idle);
}

function open(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url);
  return Connection.open({ host: hostname, port: Number(port) });
}

const revisionOf = (body: string): number => (JSON.parse(body) as { readonly revision: number }).revision;

async function shows(connection: Connection, request: string, revision: number): Promise<boolean> {
  const { status, body } = await connection.send(request);
  if (status === 404) return false;
  if (status !== 200) throw new Error(`a look-up was answered ${status}: ${body}`);
  return revisionOf(body) >= revision;
}
