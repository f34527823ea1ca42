import { type LedgerClient, LedgerError } from '@stamp-ledger/client';
import type { Facts } from './facts.js';
import type { Figures, Operation } from './figures.js';
import type { OpenLoop } from './open-loop.js';
import type { Plan } from './scenario.js';

const LISTED_FAULTS = 20;

/** Things that should not have happened. One is enough to fail the run. */
export class Faults {
  readonly #listed: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The first ones. */
  get listed(): readonly string[] {
    return this.#listed;
  }

  add(what: string): void {
    this.#count += 1;
    if (this.#listed.length < LISTED_FAULTS) this.#listed.push(what);
  }

  expect(holds: boolean, what: () => string): void {
    if (!holds) this.add(what());
  }
}

export interface WorldParts {
  readonly plan: Plan;
  readonly client: LedgerClient;
  readonly loop: OpenLoop;
  readonly facts: Facts;
  readonly figures: Figures;
  readonly signal: AbortSignal;
}

/** What everybody in the replay shares. */
export class World {
  readonly plan: Plan;
  readonly client: LedgerClient;
  readonly loop: OpenLoop;
  readonly facts: Facts;
  readonly figures: Figures;
  readonly signal: AbortSignal;
  readonly faults = new Faults();
  #busy = 0;
  #longestLife: { readonly serial: string; readonly steps: number } | undefined;

  constructor(parts: WorldParts) {
    this.plan = parts.plan;
    this.client = parts.client;
    this.loop = parts.loop;
    this.facts = parts.facts;
    this.figures = parts.figures;
    this.signal = parts.signal;
  }

  /** The stamp with the longest life so far: the one worth showing. */
  get longestLife(): string | undefined {
    return this.#longestLife?.serial;
  }

  lived(serial: string, steps: number): void {
    if (steps > (this.#longestLife?.steps ?? 0)) this.#longestLife = { serial, steps };
  }

  /** Lives that are not at their end. */
  get busy(): number {
    return this.#busy;
  }

  /** Starts a life; whatever goes wrong in it is a fault, unless the whole run is being ended. */
  live(who: string, life: () => Promise<void>): void {
    this.#busy += 1;
    life()
      .catch((error: unknown) => {
        if (!this.signal.aborted) this.faults.add(`${who}: ${describe(error)}`);
      })
      .finally(() => {
        this.#busy -= 1;
      });
  }

  /** Makes a call when it is due and records how long after that its answer came. */
  async call<Result>(operation: Operation, at: number, work: () => Promise<Result>): Promise<Result> {
    const result = await this.loop.call(at, work);
    this.figures.latency(operation, this.loop.now() - at);
    return result;
  }

  /** A moment this many milliseconds from now. */
  soon(milliseconds: number): number {
    return this.loop.now() + milliseconds;
  }
}

function describe(error: unknown): string {
  if (error instanceof LedgerError) {
    const code = error.problemName ?? error.code ?? '';
    return `${error.kind} ${code} ${error.message}`;
  }
  return error instanceof Error ? error.message : String(error);
}
