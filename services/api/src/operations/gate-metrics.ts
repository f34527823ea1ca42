import { Counter, Gauge, type Registry } from 'prom-client';
import type { Gate } from '../gate/gate.js';

/** What the gate lets in and turns away, read when somebody asks: counting costs the gate nothing. */
export function gateMetrics(gate: Gate, registers: Registry[]): void {
  new Counter({
    name: 'stamp_ledger_gate_admitted_total',
    help: 'Requests let in, by class.',
    labelNames: ['class'],
    registers,
    collect() {
      this.reset();
      for (const { work, admitted } of gate.state().classes) this.inc({ class: work }, admitted);
    },
  });
  new Counter({
    name: 'stamp_ledger_gate_refused_total',
    help: 'Requests turned away before anything was done for them, by class and reason.',
    labelNames: ['class', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { work, refused } of gate.state().classes)
        for (const [reason, count] of refused) this.inc({ class: work, reason }, count);
    },
  });
  perClass('in_flight', 'Requests let in that have no answer yet.', ({ inFlight }) => inFlight);
  perClass('waiting', 'Requests waiting to be let in.', ({ waiting }) => waiting);
  perClass(
    'queue_age_seconds',
    'How long the oldest request waiting to be let in has waited.',
    ({ oldestMilliseconds }) => oldestMilliseconds / 1_000,
  );
  single('limit', 'Requests that may run at once, of those that share the log.', ({ limit }) => limit);
  single('loop_delay_seconds', 'Mean delay of the event loop lately.', (of) => of.loopMilliseconds / 1_000);
  single(
    'commit_seconds',
    'Time in which nine in ten commits of the last moment became durable.',
    (of) => of.commitMilliseconds / 1_000,
  );
  single('refusals_held', 'Refusals waiting for their turn.', ({ held }) => held);
  new Gauge({
    name: 'stamp_ledger_gate_durable_per_second',
    help: 'Commands a second that the ledger is known to make durable.',
    registers,
    collect() {
      this.set(gate.capacity().durablePerSecond);
    },
  });

  type State = ReturnType<Gate['state']>;
  function perClass(name: string, help: string, value: (of: State['classes'][number]) => number): void {
    new Gauge({
      name: `stamp_ledger_gate_${name}`,
      help: `${help} By class.`,
      labelNames: ['class'],
      registers,
      collect() {
        for (const each of gate.state().classes) this.set({ class: each.work }, value(each));
      },
    });
  }
  function single(name: string, help: string, value: (of: State) => number): void {
    new Gauge({
      name: `stamp_ledger_gate_${name}`,
      help,
      registers,
      collect() {
        this.set(value(gate.state()));
      },
    });
  }
}
