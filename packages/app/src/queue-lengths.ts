import type { Position } from '@stamp-ledger/codec';
import type { ReadModels } from '@stamp-ledger/ports';
import { seenByAll } from './freshness.js';
import { queueKey } from './queue-key.js';

type Queue = Parameters<typeof queueKey>[0];

/** Paid orders that wait in a queue, and the stamps in stock for them. */
export interface QueueLength {
  readonly orders: number;
  readonly stock: number;
}

/** Counts each queue once for as long as the read model stays where it is: every order placed meanwhile asks for it. */
export class QueueLengths {
  readonly #known = new Map<string, Promise<QueueLength>>();
  #seen: Position | undefined;

  constructor(private readonly readModels: ReadModels) {}

  of(queue: Queue): Promise<QueueLength> {
    const seen = seenByAll(this.readModels, ['inventory']);
    if (seen !== this.#seen) this.#known.clear();
    this.#seen = seen;
    const key = queueKey(queue);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const counted = this.#count(queue);
    this.#known.set(key, counted);
    counted.catch(() => this.#known.get(key) === counted && this.#known.delete(key));
    return counted;
  }

  async #count({ channel, denomination }: Queue): Promise<QueueLength> {
    const [orders, stock] = await Promise.all([
      this.readModels.ordersAhead({ channel, denomination }),
      this.readModels.stockCount({ channel, denomination }),
    ]);
    return { orders, stock };
  }
}
