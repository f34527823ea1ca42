import assert from 'node:assert/strict';
import {
  auditIndexProjection,
  createInventoryProjection,
  type EventSource,
  type Projections,
  type projectBatch,
  verificationProjection,
} from '@stamp-ledger/app';
import { type LedgerEvent, serde } from '@stamp-ledger/codec';
import type { Serial, StampStage } from '@stamp-ledger/domain';
import type { ProjectionName, ProjectionStore, ReadModelQueries } from '@stamp-ledger/ports';
import { MemoryLog } from './memory-log.js';

/** One set of read models: what writes them and what answers from them. */
export interface OpenModels {
  readonly store: ProjectionStore;
  readonly queries: ReadModelQueries;
}

/** Damage done to the inventory's rows behind the back of everybody. */
export type Tampering =
  | { readonly kind: 'flip-state'; readonly serial: Serial; readonly to: StampStage }
  | { readonly kind: 'delete-stamp'; readonly serial: Serial };

/** Read models with the means to restart and to damage them. */
export interface ReadModelsUnderTest extends OpenModels {
  /** Closes the read models and opens them again on the same data. */
  reopen(): Promise<OpenModels>;
  /** Opens another, empty set beside the first one. */
  beside(): Promise<OpenModels>;
  /**
   * Another set made as a rebuild makes it, where that is another way than being written to: `fill` gives the projections
   * named their events.
   */
  built?(
    fill: (store: ProjectionStore, names: readonly ProjectionName[]) => Promise<void>,
  ): Promise<OpenModels>;
  tamper(tampering: Tampering): Promise<void>;
  /** Closes everything and removes the data. */
  destroy(): Promise<void>;
}

/** Gives events to one projection: the application's code, unless a mutant stands in for it. */
export type Deliver = typeof projectBatch;

/** Few changes between two snapshots, so that a short history has many. */
const SNAPSHOT_CHANGES = 4;

export const NAMES: readonly ProjectionName[] = ['verification', 'inventory', 'audit-index'];

export const PROJECTIONS: Projections = {
  inventory: createInventoryProjection({ snapshotChanges: SNAPSHOT_CHANGES }),
  verification: verificationProjection,
  'audit-index': auditIndexProjection,
};

/** What a case works with: empty read models and an empty log. */
export class Bench {
  readonly log = new MemoryLog();
  #models: OpenModels;

  constructor(
    readonly underTest: ReadModelsUnderTest,
    private readonly projectBatch: Deliver,
  ) {
    this.#models = underTest;
  }

  get store(): ProjectionStore {
    return this.#models.store;
  }

  get queries(): ReadModelQueries {
    return this.#models.queries;
  }

  get source(): EventSource {
    return { readStream: this.log.readStream, decode: serde.decode };
  }

  /** Projects events as they are given, to all projections or the ones named. */
  async deliver(
    events: readonly LedgerEvent[] = this.log.events,
    {
      to = NAMES,
      models = this.#models,
    }: { readonly to?: readonly ProjectionName[]; readonly models?: Pick<OpenModels, 'store'> } = {},
  ): Promise<void> {
    for (const name of to)
      await this.projectBatch(
        { ...this.source, store: models.store, projections: PROJECTIONS },
        name,
        events,
      );
  }

  /** Projects events in batches of a size. */
  async deliverInBatches(size: number, models: OpenModels = this.#models): Promise<void> {
    for (let start = 0; start < this.log.events.length; start += size)
      await this.deliver(this.log.events.slice(start, start + size), { models });
  }

  /** A bench of its own on another, empty set of models. */
  async another(): Promise<Bench> {
    const bench = new Bench(this.underTest, this.projectBatch);
    bench.#models = await this.underTest.beside();
    return bench;
  }

  async reopen(): Promise<void> {
    this.#models = await this.underTest.reopen();
  }
}

export interface BenchCase {
  readonly name: string;
  run(bench: Bench): Promise<void>;
}

/** The value, which a case has made sure is there. */
export function present<Value>(value: Value | undefined): Value {
  assert.notEqual(value, undefined);
  return value as Value;
}
