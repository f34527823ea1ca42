import type { ConservationAnswer, EventAnswer } from '@stamp-ledger/client';
import { STAGES, type Stage } from '../conservation/books.js';
import type { Facts } from './facts.js';
import type { Faults } from './world.js';

const LEADS_TO: Readonly<Record<string, Stage>> = {
  StampMinted: 'inStock',
  StampAllocated: 'allocated',
  StampDeallocated: 'inStock',
  StampSold: 'sold',
  StampReserved: 'reserved',
  StampReleased: 'sold',
  AffixOutcomeUnknown: 'outcomeUnknown',
  StampAffixed: 'affixed',
  StampVoided: 'voided',
};

/**
 * Reads the whole log from outside, event by event, and keeps its own books: are positions and revisions in order, is
 * every acknowledged fact at the very position that was acknowledged, was no stamp sold twice, and do the ledger's
 * reports say what the log says?
 */
export class LogAudit {
  readonly #revisions = new Map<string, number>();
  readonly #stages = new Map<string, Stage>();
  readonly #sold = new Set<string>();
  #position = '';
  #events = 0;
  #factsFound = 0;

  constructor(
    private readonly facts: Facts,
    private readonly faults: Faults,
  ) {}

  get events(): number {
    return this.#events;
  }

  get factsFound(): number {
    return this.#factsFound;
  }

  take(event: EventAnswer): void {
    const { faults } = this;
    this.#events += 1;
    faults.expect(event.position > this.#position, () => `position ${event.position} is out of order`);
    this.#position = event.position;
    const due = (this.#revisions.get(event.stream) ?? -1) + 1;
    faults.expect(
      event.revision === due,
      () => `${event.stream}: revision ${event.revision} where ${due} was due`,
    );
    this.#revisions.set(event.stream, event.revision);
    this.#findFact(event);
    this.#follow(event);
  }

  /** What the log says against what the report says; the report is for the position that the reading ended at. */
  compare(report: ConservationAnswer): void {
    const counted = this.counts();
    for (const stage of STAGES) {
      const reported = report.groups.reduce((sum, group) => sum + group[stage], 0);
      this.faults.expect(
        counted[stage] === reported,
        () => `the report says ${reported} stamps are ${stage}, the log says ${counted[stage]}`,
      );
    }
    this.faults.expect(
      this.#factsFound === this.facts.count,
      () => `${this.facts.count - this.#factsFound} acknowledged facts are missing from the log`,
    );
    for (const { stream } of this.facts.unplaced.slice(0, 3))
      this.faults.add(`${stream}: acknowledged without a position`);
  }

  counts(): Record<Stage, number> {
    const counts: Record<Stage, number> = {
      inStock: 0,
      allocated: 0,
      sold: 0,
      reserved: 0,
      outcomeUnknown: 0,
      affixed: 0,
      voided: 0,
    };
    for (const stage of this.#stages.values()) counts[stage] += 1;
    return counts;
  }

  #findFact({ position, stream, type }: EventAnswer): void {
    const fact = this.facts.at(position);
    if (fact === undefined) return;
    this.#factsFound += 1;
    this.faults.expect(
      fact.stream === stream && fact.types.includes(type),
      () =>
        `${position} was acknowledged as ${fact.types.join(' or ')} of ${fact.stream}, and is ${type} of ${stream}`,
    );
  }

  #follow({ stream, type, data, revision }: EventAnswer): void {
    if (type === 'OrderPlaced') this.faults.expect(revision === 0, () => `${stream} was placed twice`);
    const stage = type === 'AffixOutcomeResolved' ? resolved(data.result) : LEADS_TO[type];
    if (stage === undefined) return;
    if (type === 'StampSold') {
      this.faults.expect(!this.#sold.has(stream), () => `${stream} was sold twice`);
      this.#sold.add(stream);
    }
    if (type === 'StampAffixed')
      this.faults.expect(this.#stages.get(stream) !== 'affixed', () => `${stream} was affixed twice`);
    this.#stages.set(stream, stage);
  }
}

const resolved = (result: unknown): Stage => (result === 'affixed' ? 'affixed' : 'sold');
