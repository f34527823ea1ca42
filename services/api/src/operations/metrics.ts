import type { Ledger, PublishedLog, Sealing } from '@stamp-ledger/app';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Answer } from '../answer.js';
import type { Exchange } from '../exchange.js';
import type { Gate } from '../gate/gate.js';
import { gateMetrics } from './gate-metrics.js';
import { RequestMeter } from './request-meter.js';

export interface Metrics {
  begun(): void;
  /** `milliseconds` from the first byte of the request's head to the last of its answer. */
  ended(exchange: Exchange, status: number | 'aborted', milliseconds: number, answer?: Answer): void;
  /** Refusals of the gate, which never become an exchange. */
  refused(problem: string, count: number): void;
  /** Adds what the gate knows. */
  watch(gate: Gate): void;
  render(): Promise<string>;
  readonly contentType: string;
}

/** Prometheus metrics of one API, in a registry of its own. */
export function createMetrics(ledger: Ledger): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new RequestMeter();
  let running = 0;
  const problems = new Counter({
    name: 'stamp_ledger_http_problems_total',
    help: 'Problems answered, by name.',
    labelNames: ['problem'],
    registers,
  });
  new Gauge({
    name: 'stamp_ledger_http_requests_in_flight',
    help: 'Requests that have no answer yet.',
    registers,
    collect() {
      this.set(running);
    },
  });
  projectionGauges(ledger, registers);
  overdueGauge(ledger, registers);
  if (ledger.sealing !== undefined) sealingGauges(ledger.sealing, registers);
  if (ledger.log !== undefined) quorumGauges(ledger.log, registers);
  queueGauges(ledger, registers);
  stockGauges(ledger, registers);
  return {
    begun: () => {
      running += 1;
    },
    ended: ({ request, route }, status, milliseconds, answer) => {
      running -= 1;
      const path = route?.path ?? '(none)';
      const method = route === undefined ? '(none)' : (request.method ?? '');
      requests.count({ method, route: path, status }, milliseconds);
      if (answer?.problem !== undefined) problems.inc({ problem: answer.problem });
    },
    refused: (problem, count) => problems.inc({ problem }, count),
    watch: (gate) => gateMetrics(gate, registers),
    render: async () => `${await registry.metrics()}${requests.render()}`,
    contentType: registry.contentType,
  };
}

function projectionGauges(ledger: Ledger, registers: Registry[]): void {
  new Gauge({
    name: 'stamp_ledger_projection_lag_positions',
    help: 'Positions of the log that a read model has still to see; absent where positions are no counts.',
    labelNames: ['projection'],
    registers,
    async collect() {
      const head = await ledger.audit.head().catch(() => undefined);
      if (head === undefined) return;
      for (const { projection, position = '0' } of ledger.readModels.status()) {
        const lag = Number(head) - Number(position);
        if (!Number.isNaN(lag)) this.set({ projection }, Math.max(0, lag));
      }
    },
  });
  new Gauge({
    name: 'stamp_ledger_projection_lag_seconds',
    help: 'Time for which the first event that a read model has not seen has been there; 0 when it has seen all.',
    labelNames: ['projection'],
    registers,
    async collect() {
      for (const status of ledger.readModels.status()) {
        const lag = await ledger.readModels.lagMilliseconds(status).catch(() => undefined);
        if (lag !== undefined) this.set({ projection: status.projection }, lag / 1_000);
      }
    },
  });
  new Gauge({
    name: 'stamp_ledger_projection_halted',
    help: '1 when a read model stands still because an event could not be projected.',
    labelNames: ['projection'],
    registers,
    collect() {
      for (const { projection, halted } of ledger.readModels.status())
        this.set({ projection }, halted === undefined ? 0 : 1);
    },
  });
}

function overdueGauge(ledger: Ledger, registers: Registry[]): void {
  new Gauge({
    name: 'stamp_ledger_overdue_orders',
    help: 'Orders that were paid longer ago than was promised and have neither stamps nor money, by cause; at most 1,000 are counted.',
    labelNames: ['cause'],
    registers,
    async collect() {
      const overdue = await ledger.audit.overdue().catch(() => undefined);
      this.reset();
      if (overdue === undefined) return;
      for (const [cause, orders] of Object.entries(overdue.byCause)) this.set({ cause }, orders);
    },
  });
}

function sealingGauges(sealing: Sealing, registers: Registry[]): void {
  new Gauge({
    name: 'stamp_ledger_sealed_events',
    help: 'Events in the published transparency log.',
    registers,
    collect() {
      this.set(sealing.sealed()?.size ?? 0);
    },
  });
  new Gauge({
    name: 'stamp_ledger_seal_lag_seconds',
    help: 'Time for which the oldest unsealed event has waited; 0 when all are sealed.',
    registers,
    collect() {
      this.set(sealing.lagMilliseconds() / 1_000);
    },
  });
  new Gauge({
    name: 'stamp_ledger_sealing_halted',
    help: '1 when sealing halted, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      const status = sealing.status();
      if (status.kind === 'halted') this.set({ reason: status.halt.reason }, 1);
    },
  });
}

function quorumGauges(log: Pick<PublishedLog, 'quorum'>, registers: Registry[]): void {
  new Gauge({
    name: 'stamp_ledger_cosigned_events',
    help: 'Events in the newest checkpoint that enough witnesses have cosigned; 0 before the first.',
    registers,
    async collect() {
      const quorum = await quorumOf(log);
      this.set(quorum?.size ?? 0);
    },
  });
  new Gauge({
    name: 'stamp_ledger_quorum_age_seconds',
    help: 'Time since which enough witnesses have cosigned that checkpoint; absent before the first.',
    registers,
    async collect() {
      const quorum = await quorumOf(log);
      this.reset();
      if (quorum !== undefined) this.set(Math.max(0, Date.now() / 1_000 - quorum.since));
    },
  });
}

/** A file that cannot be read must not cost the other metrics. */
async function quorumOf(log: Pick<PublishedLog, 'quorum'>): ReturnType<PublishedLog['quorum']> {
  try {
    return await log.quorum();
  } catch {
    return undefined;
  }
}

function queueGauges(ledger: Ledger, registers: Registry[]): void {
  const waiting = new Gauge({
    name: 'stamp_ledger_queue_waiting',
    help: 'Tickets of the waiting room that are not let in yet, by channel.',
    labelNames: ['channel'],
    registers,
  });
  const perSecond = new Gauge({
    name: 'stamp_ledger_queue_admitted_per_second',
    help: 'Tickets that the waiting room lets in a second while somebody waits, more than can be taken where many do not come; 0 while it is closed.',
    registers,
  });
  new Gauge({
    name: 'stamp_ledger_queue_open',
    help: '1 while there are tickets of the waiting room.',
    registers,
    async collect() {
      const room = (await ledger.queue.report().catch(() => undefined))?.room;
      this.set(room === undefined ? 0 : 1);
      perSecond.set(room?.perSecond ?? 0);
      waiting.reset();
      for (const { channel, waiting: count } of room?.lines ?? []) waiting.set({ channel }, count);
    },
  });
}

function stockGauges(ledger: Ledger, registers: Registry[]): void {
  const labelNames = ['channel', 'amount', 'currency'];
  const isLow = new Gauge({
    name: 'stamp_ledger_stock_low',
    help: '1 while a stock is below what its policy wants.',
    labelNames,
    registers,
  });
  new Gauge({
    name: 'stamp_ledger_stock',
    help: 'Stamps that a channel can sell, of the stocks that have a policy.',
    labelNames,
    registers,
    async collect() {
      this.reset();
      isLow.reset();
      for (const { channel, denomination, inStock, level } of await ledger.stock.watched().catch(() => [])) {
        const labels = { channel, ...denomination };
        this.set(labels, inStock);
        isLow.set(labels, level.status === 'low' ? 1 : 0);
      }
    },
  });
}
