import assert from 'node:assert/strict';
import type { EventAnswer } from '@stamp-ledger/client';

type Stage = 'inStock' | 'allocated' | 'sold' | 'reserved' | 'outcomeUnknown' | 'affixed' | 'voided';

const LEADS_TO: Readonly<Record<string, Stage>> = {
  StampMinted: 'inStock',
  StampAllocated: 'allocated',
  StampDeallocated: 'inStock',
  StampSold: 'sold',
  StampReserved: 'reserved',
  StampReleased: 'sold',
  StampAffixed: 'affixed',
  StampVoided: 'voided',
};

/** Books kept from the events of the log alone. */
export class LogBook {
  readonly revisions = new Map<string, number>();
  readonly #stages = new Map<string, Stage>();
  readonly #fulfilled = new Map<string, readonly string[]>();
  readonly #orderOf = new Map<string, string>();
  #position = '';
  #events = 0;

  get position(): string {
    return this.#position;
  }

  get events(): number {
    return this.#events;
  }

  get minted(): number {
    return this.#stages.size;
  }

  take({ position, stream, revision, type, data }: EventAnswer): void {
    assert.ok(position > this.#position, `position ${position} is in order`);
    assert.equal(revision, (this.revisions.get(stream) ?? -1) + 1, `${stream} has no gap and nothing twice`);
    this.#position = position;
    this.#events++;
    this.revisions.set(stream, revision);
    const stage = LEADS_TO[type];
    if (stage !== undefined) this.#stages.set(stream, stage);
    if (type === 'OrderFulfilled') this.#fulfil(stream, data.serials as readonly string[]);
  }

  #fulfil(stream: string, serials: readonly string[]): void {
    assert.ok(!this.#fulfilled.has(stream), `${stream} is fulfilled once`);
    this.#fulfilled.set(stream, serials);
    for (const serial of serials) {
      assert.ok(!this.#orderOf.has(serial), `${serial} is given to one order`);
      this.#orderOf.set(serial, stream);
    }
  }

  assertSettledOnce(orderId: string): void {
    const serials = this.#fulfilled.get(`order-${orderId}`);
    assert.ok(serials !== undefined && serials.length > 0, `order ${orderId} has its stamps`);
  }

  counts(): Record<Stage, number> {
    const counts = {
      inStock: 0,
      allocated: 0,
      sold: 0,
      reserved: 0,
      outcomeUnknown: 0,
      affixed: 0,
      voided: 0,
    };
    for (const stage of this.#stages.values()) counts[stage]++;
    return counts;
  }

  /** Serials spread evenly over all there are. */
  sample(count: number): string[] {
    const streams = [...this.#stages.keys()];
    const step = Math.max(1, Math.floor(streams.length / count));
    return streams.filter((_, index) => index % step === 0).map((stream) => stream.slice('stamp-'.length));
  }
}
