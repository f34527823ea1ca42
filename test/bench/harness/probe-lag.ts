import { setTimeout as sleep } from 'node:timers/promises';
import { type Latency, LatencyHistogram } from './latency.js';
import { Connection } from './load/connection.js';
import { type LoadRequest, requestText } from './load/load.js';

export interface LagProbe {
  readonly url: string;
  /** Where it is looked for, if not where it was written. */
  readonly readUrl?: string;
  readonly token: string;
  /** Each changes one stamp. */
  readonly commands: readonly LoadRequest[];
  /** The path that shows the stamp of a command; its answer has a `revision`. */
  readonly readPath: (index: number) => string;
  readonly everyMilliseconds: number;
  /** No other probe begins after so long. */
  readonly seconds: number;
}

export interface Lag {
  readonly latency: Latency;
  readonly probes: number;
  /** Numbers of the commands that were acknowledged. */
  readonly acknowledged: readonly number[];
}

const POLL_MILLISECONDS = 1;
const GIVE_UP_MILLISECONDS = 60_000;

/**
 * How long after the acknowledgement of a command its effect is readable: asked with plain look-ups, one after another,
 * from when the answer came. So the time of one look-up is in every figure.
 */
export async function probeLag(probe: LagProbe): Promise<Lag> {
  const { url, readUrl = url, token, commands, readPath, everyMilliseconds, seconds } = probe;
  const writing = await open(url);
  const reading = await open(readUrl);
  const histogram = new LatencyHistogram();
  const acknowledged: number[] = [];
  const start = performance.now();
  for (const [index, request] of commands.entries()) {
    const now = performance.now() - start;
    if (now > seconds * 1_000) break;
    await sleep(Math.max(0, index * everyMilliseconds - now));
    const { status, body } = await writing.send(requestText(request, { url, token }));
    if (status !== 201) throw new Error(`a probe was answered ${status}`);
    const since = performance.now();
    acknowledged.push(index);
    const read = requestText({ method: 'GET', path: readPath(index) }, { url: readUrl });
    while (!(await shows(reading, read, revisionOf(body)))) {
      if (performance.now() - since > GIVE_UP_MILLISECONDS)
        throw new Error('what was acknowledged is not readable within a minute');
      await sleep(POLL_MILLISECONDS);
    }
    histogram.recordAtInterval(performance.now() - since, everyMilliseconds);
  }
  writing.close();
  reading.close();
  return { latency: histogram.latency(), probes: acknowledged.length, acknowledged };
}

function open(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url);
  return Connection.open({ host: hostname, port: Number(port) });
}

const revisionOf = (body: string): number => (JSON.parse(body) as { readonly revision: number }).revision;

async function shows(connection: Connection, request: string, revision: number): Promise<boolean> {
  const { status, body } = await connection.send(request);
  if (status === 404) return false;
  if (status !== 200) throw new Error(`a look-up was answered ${status}`);
  return revisionOf(body) >= revision;
}
