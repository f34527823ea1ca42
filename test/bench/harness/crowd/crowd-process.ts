// The crowd: a process that does nothing else. Told what to do by a message, it answers with another.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { affixings, lookUps, paidOrders } from '../../ledger/requests.js';
import { LatencyHistogram } from '../latency.js';
import { type LoadRequest, requestText } from '../load/load.js';
import type { Plan, Second, Stream, StreamResult } from './crowd.js';
import { Line, type LineReply } from './line.js';

const TICK_MILLISECONDS = 2;
const SLOW_MILLISECONDS = 500;

interface Client {
  readonly index: number;
  readonly due: number;
  text: string | undefined;
}

interface Tally {
  offered: number;
  attempts: number;
  accepted: number;
  refused: number;
  unanswered: number;
  gaveUp: number;
  readonly histogram: LatencyHistogram;
}

class Crowd {
  readonly #lines: Line[];
  readonly #idle: Line[];
  #waiting: Client[] = [];
  #first = 0;
  #present = 0;
  readonly #seconds: Tally[] = [];
  readonly #latency = new LatencyHistogram();
  readonly #refusal = new LatencyHistogram();
  readonly #sinceDue = new LatencyHistogram();
  readonly #statuses: Record<string, number> = {};
  readonly #accepted: number[] = [];

  constructor(
    private readonly stream: Stream,
    private readonly plan: Plan,
    private readonly start: number,
  ) {
    const { hostname, port } = new URL(plan.url);
    this.#lines = Array.from(
      { length: stream.connections },
      () => new Line({ host: hostname, port: Number(port) }),
    );
    this.#idle = [...this.#lines];
  }

  async run(): Promise<StreamResult> {
    const { perSecond, first } = this.stream;
    let index = first;
    for (const [second, rate] of perSecond.entries()) {
      const from = this.start + second * 1_000;
      for (let sent = 0; sent < rate; ) {
        const now = performance.now();
        const due = Math.min(rate, Math.ceil(((now - from) * rate) / 1_000));
        for (; sent < due; sent++)
          this.#comes({ index: index++, due: from + (sent * 1_000) / rate, text: undefined });
        this.#look(now);
        await sleep(TICK_MILLISECONDS);
      }
      while (performance.now() < from + 1_000) {
        this.#look(performance.now());
        await sleep(TICK_MILLISECONDS);
      }
    }
    while (this.#present > 0) {
      this.#look(performance.now());
      await sleep(TICK_MILLISECONDS);
    }
    return {
      name: this.stream.name,
      seconds: this.#seconds.map(
        ({ histogram, ...counts }): Second => ({ ...counts, p99: histogram.latency().p99 }),
      ),
      latency: this.#latency.latency(),
      refusal: this.#refusal.latency(),
      sinceDue: this.#sinceDue.latency(),
      statuses: this.#statuses,
      accepted: Uint32Array.from(this.#accepted),
    };
  }

  #tally(): Tally {
    const second = Math.max(0, Math.floor((performance.now() - this.start) / 1_000));
    while (this.#seconds.length <= second)
      this.#seconds.push({
        offered: 0,
        attempts: 0,
        accepted: 0,
        refused: 0,
        unanswered: 0,
        gaveUp: 0,
        histogram: new LatencyHistogram(),
      });
    return this.#seconds[second] as Tally;
  }

  #comes(client: Client): void {
    this.#present += 1;
    this.#tally().offered += 1;
    this.#waiting.push(client);
  }

  /** Gives free connections to those who wait longest, and gives up what takes too long. */
  #look(now: number): void {
    for (let client = this.#waiting[this.#first]; client !== undefined; client = this.#waiting[this.#first]) {
      if (now - client.due > this.stream.patienceMilliseconds) this.#leaves();
      else {
        const line = this.#idle.pop();
        if (line === undefined) break;
        this.#attempt(line, client);
      }
      this.#first += 1;
    }
    if (this.#first > 4_096) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    for (const line of this.#lines)
      if (line.isBusy && now - line.sentAt > this.plan.attemptMilliseconds) line.giveUp();
  }

  #attempt(line: Line, client: Client): void {
    client.text ??= requestText(this.#request(client.index), this.plan);
    this.#tally().attempts += 1;
    line.send(client.text, (reply) => this.#answered(line, client, reply));
  }

  #answered(line: Line, client: Client, reply: LineReply | undefined): void {
    const now = performance.now();
    const tally = this.#tally();
    if (reply === undefined) tally.unanswered += 1;
    else this.#statuses[reply.status] = (this.#statuses[reply.status] ?? 0) + 1;
    const isAccepted = reply !== undefined && reply.status < 300;
    if (isAccepted) {
      const milliseconds = now - line.sentAt;
      tally.accepted += 1;
      tally.histogram.record(milliseconds);
      this.#latency.record(milliseconds);
      this.#sinceDue.record(now - client.due);
      this.#accepted.push(client.index);
    } else if (reply !== undefined) {
      tally.refused += 1;
      this.#refusal.record(now - line.sentAt);
      // Refused for good, by the ledger's rules: coming back would not help.
      if (reply.status < 500 && reply.status !== 429 && reply.status !== 409) client.text = undefined;
    }
    const isOver = isAccepted || client.text === undefined;
    if (!isOver && this.stream.retry === 'at-once' && now - client.due < this.stream.patienceMilliseconds) {
      this.#attempt(line, client);
      return;
    }
    this.#idle.push(line);
    if (!isOver && this.stream.retry === 'as-told' && now - client.due < this.stream.patienceMilliseconds)
      setTimeout(() => this.#waiting.push(client), 1_000 * (reply?.retryAfter ?? 1));
    else if (isAccepted) this.#present -= 1;
    else this.#leaves();
  }

  #leaves(): void {
    this.#present -= 1;
    this.#tally().gaveUp += 1;
  }

  #request(index: number): LoadRequest {
    const { kind, of = 1 } = this.stream;
    const [request] =
      kind === 'orders'
        ? paidOrders(index, index + 1)
        : kind === 'affixings'
          ? affixings(index, index + 1)
          : lookUps(1, of, index);
    if (request === undefined) throw new Error('there is no such request');
    return request;
  }
}

/** Sends a head byte by byte for as long as it is let. */
function slowClient(url: string): void {
  const { hostname, port } = new URL(url);
  const bytes = 'POST /v1/orders HTTP/1.1\r\nhost: slow\r\nx-padding: ';
  let at = 0;
  const socket = connect(Number(port), hostname);
  const timer = setInterval(() => socket.write(bytes[at++] ?? 'x'), SLOW_MILLISECONDS);
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(timer);
    setTimeout(() => slowClient(url), SLOW_MILLISECONDS);
  });
}

process.once('message', async (plan: Plan) => {
  for (let count = 0; count < plan.slowClients; count++) slowClient(plan.url);
  const start = performance.now() + SLOW_MILLISECONDS;
  const results = await Promise.all(plan.streams.map((stream) => new Crowd(stream, plan, start).run()));
  process.send?.(results, undefined, undefined, () => process.exit(0));
});
