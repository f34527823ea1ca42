// The crowd: a process that does nothing else. Told what to do by a message, it answers with another.
import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyHistogram } from '../latency.js';
import { Client } from './client.js';
import {
  CROWD_BEGINS_MILLISECONDS,
  type Plan,
  type Second,
  type Stream,
  type StreamResult,
} from './crowd.js';
import { Line, type LineReply } from './line.js';
import { slowClients } from './slow-clients.js';

/** Often enough for clients that are to come in each millisecond on average; the crowd takes its time from the same processors. */
const TICK_MILLISECONDS = 5;
const COMPACTED = 4_096;
const CONNECTED_AT_ONCE = 10;

interface Tally {
  offered: number;
  attempts: number;
  accepted: number;
  refused: number;
  unanswered: number;
  gaveUp: number;
  tickets: number;
  turnsAsked: number;
  readonly histogram: LatencyHistogram;
}

const newTally = (): Tally => ({
  offered: 0,
  attempts: 0,
  accepted: 0,
  refused: 0,
  unanswered: 0,
  gaveUp: 0,
  tickets: 0,
  turnsAsked: 0,
  histogram: new LatencyHistogram(),
});

/** Those who wait, in the order in which they came. */
class Waiting<Item> {
  /** Who was drawn leaves a gap. */
  #items: (Item | undefined)[] = [];
  #first = 0;
  #count = 0;

  get first(): Item | undefined {
    while (this.#first < this.#items.length && this.#items[this.#first] === undefined) this.#first += 1;
    return this.#items[this.#first];
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#count += 1;
  }

  shift(): void {
    if (this.first !== undefined) this.#take(this.#first);
  }

  /** Takes out any of them. */
  draw(): Item | undefined {
    while (this.#count > 0) {
      const at = this.#first + Math.floor(Math.random() * (this.#items.length - this.#first));
      const item = this.#items[at];
      if (item === undefined) continue;
      this.#take(at);
      return item;
    }
    return undefined;
  }

  #take(at: number): void {
    this.#items[at] = undefined;
    this.#count -= 1;
    if (this.#items.length < COMPACTED || this.#count > this.#items.length / 2) return;
    this.#items = this.#items.filter((item) => item !== undefined);
    this.#first = 0;
  }
}

class Crowd {
  readonly #lines: Line[];
  readonly #idle: Line[];
  readonly #newcomers = new Waiting<Client>();
  /** Who was told to come back goes before: each has a connection of its own, in truth. */
  readonly #returning = new Waiting<Client>();
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
    const begins = perSecond.findIndex((rate) => rate > 0);
    let index = first;
    if (begins === 0) await this.#connect();
    for (const [second, rate] of perSecond.entries()) {
      const from = this.start + second * 1_000;
      if (second === begins - 1) await this.#connect();
      for (let sent = 0; sent < rate; ) {
        const now = performance.now();
        const due = Math.min(rate, Math.ceil(((now - from) * rate) / 1_000));
        for (; sent < due; sent++) this.#comes(index++, from + (sent * 1_000) / rate);
        this.#look(now);
        await sleep(TICK_MILLISECONDS);
      }
      while (performance.now() < from + 1_000) {
        this.#look(performance.now());
        await sleep(TICK_MILLISECONDS);
      }
    }
    // Who leaves does not wait for an answer with the connection open.
    if (this.stream.leavesAtEnd === true) for (const line of this.#lines) if (line.isBusy) line.giveUp();
    while (this.#present > 0) {
      this.#look(performance.now());
      await sleep(TICK_MILLISECONDS);
    }
    return {
      name: this.stream.name,
      begun: performance.timeOrigin + this.start,
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

  /**
   * Whoever comes for a moment has connected before, and whoever has always been there, too: a busy Node takes up so few
   * connections a second that nothing but those would be measured.
   */
  async #connect(): Promise<void> {
    for (const [index, line] of this.#lines.entries()) {
      line.connect();
      if (index % CONNECTED_AT_ONCE === 0) await sleep(TICK_MILLISECONDS);
    }
  }

  #tally(): Tally {
    const second = Math.max(0, Math.floor((performance.now() - this.start) / 1_000));
    while (this.#seconds.length <= second) this.#seconds.push(newTally());
    return this.#seconds[second] as Tally;
  }

  #comes(index: number, due: number): void {
    this.#present += 1;
    this.#tally().offered += 1;
    this.#newcomers.push(new Client(index, due, this.stream, this.plan));
  }

  /** Gives free connections to those who wait, and gives up what takes too long. */
  #look(now: number): void {
    for (let client = this.#returning.first; client !== undefined; client = this.#returning.first) {
      if (this.#isPatient(client, now)) {
        const line = this.#idle.pop();
        if (line === undefined) break;
        this.#attempt(line, client);
      } else this.#leaves();
      this.#returning.shift();
    }
    for (let oldest = this.#newcomers.first; oldest !== undefined; oldest = this.#newcomers.first) {
      if (this.#isPatient(oldest, now)) break;
      this.#newcomers.shift();
      this.#leaves();
    }
    // Any of them: a full machine keeps no line for connections, and if it did all who got one would be about to leave.
    while (this.#idle.length > 0) {
      const client = this.#newcomers.draw();
      if (client === undefined) break;
      const line = this.#idle.pop();
      if (line !== undefined) this.#attempt(line, client);
    }
    for (const line of this.#lines)
      if (line.isBusy && now - line.sentAt > this.plan.attemptMilliseconds) line.giveUp();
  }

  #isPatient = (client: Client, now: number): boolean => now < this.#leavesAt(client);

  #leavesAt({ due }: Client): number {
    const { patienceMilliseconds, leavesAtEnd, perSecond } = this.stream;
    const own = due + patienceMilliseconds;
    return leavesAtEnd === true ? Math.min(own, this.start + perSecond.length * 1_000) : own;
  }

  #attempt(line: Line, client: Client): void {
    if (client.step === 'purpose') this.#tally().attempts += 1;
    line.send(client.text(), (reply) => this.#answered(line, client, reply));
  }

  #answered(line: Line, client: Client, reply: LineReply | undefined): void {
    const now = performance.now();
    const tally = this.#tally();
    const { step } = client;
    if (reply === undefined) tally.unanswered += 1;
    else this.#statuses[`${step} ${reply.status}`] = (this.#statuses[`${step} ${reply.status}`] ?? 0) + 1;
    const next = reply === undefined ? ({ kind: 'refused' } as const) : client.answered(reply);
    const milliseconds = now - line.sentAt;
    switch (next.kind) {
      case 'accepted':
        tally.accepted += 1;
        tally.histogram.record(milliseconds);
        this.#latency.record(milliseconds);
        this.#sinceDue.record(now - client.due);
        this.#accepted.push(client.index);
        this.#present -= 1;
        this.#idle.push(line);
        return;
      case 'told':
        if (next.hasTicket) tally.tickets += 1;
        if (step === 'turn') tally.turnsAsked += 1;
        if (next.milliseconds === 0 && this.#isPatient(client, now)) this.#attempt(line, client);
        else {
          this.#idle.push(line);
          this.#later(client, next.milliseconds);
        }
        return;
      case 'hopeless':
        tally.refused += 1;
        this.#idle.push(line);
        this.#leaves();
        return;
      case 'refused':
        if (reply !== undefined) {
          tally.refused += 1;
          this.#refusal.record(milliseconds);
        }
        if (this.stream.retry === 'at-once' && this.#isPatient(client, now)) {
          this.#attempt(line, client);
          return;
        }
        this.#idle.push(line);
        if (this.stream.retry === 'as-told') this.#later(client, 1_000 * (reply?.retryAfter ?? 1));
        else this.#leaves();
    }
  }

  /** Comes back then, or leaves when its patience has ended before. */
  #later(client: Client, milliseconds: number): void {
    const left = this.#leavesAt(client) - performance.now();
    if (left < milliseconds) setTimeout(() => this.#leaves(), Math.max(0, left));
    else setTimeout(() => this.#returning.push(client), milliseconds);
  }

  #leaves(): void {
    this.#present -= 1;
    this.#tally().gaveUp += 1;
  }
}

process.once('message', async (plan: Plan) => {
  slowClients({ url: plan.url, token: plan.token, each: plan.slowClients });
  const start = performance.now() + CROWD_BEGINS_MILLISECONDS;
  const results = await Promise.all(plan.streams.map((stream) => new Crowd(stream, plan, start).run()));
  process.send?.(results, undefined, undefined, () => process.exit(0));
});
