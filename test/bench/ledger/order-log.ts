import { createClient } from '@stamp-ledger/client';
import { serde, toMilliseconds } from '@stamp-ledger/codec';
import { openEmbeddedLogReader } from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';
import type { LedgerProcess } from '../../support/server-process.js';
import type { Audit } from '../harness/part.js';

/** What a log says of orders and stamps, read from its file when the ledger is gone. */
export interface OrderLog {
  /** Order → how often it is in the log as placed, and as fulfilled or ended in another way. */
  readonly placed: ReadonlyMap<string, number>;
  readonly ended: ReadonlyMap<string, number>;
  /** Stamps that were sold, or affixed, twice without being taken back. */
  readonly doubles: number;
  readonly affixed: ReadonlySet<string>;
  /** When orders were placed and fulfilled, in milliseconds since 1970, in the order of the log. */
  readonly placedAt: readonly number[];
  readonly fulfilledAt: readonly number[];
}

const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);
const ENDS = new Set(['OrderFulfilled', 'OrderRejected', 'OrderCancelled', 'OrderRefunded']);

export function readOrderLog(directory: string): OrderLog {
  const placed = new Map<string, number>();
  const ended = new Map<string, number>();
  const sold = new Set<string>();
  const affixed = new Set<string>();
  const placedAt: number[] = [];
  const fulfilledAt: number[] = [];
  let doubles = 0;
  const reader = openEmbeddedLogReader({ directory });
  try {
    for (let page = reader.readAll({ limit: LIMITS.readEvents }); page.length > 0; ) {
      for (const recorded of page) {
        const { stream, type } = recorded;
        if (type === 'StampSold') {
          if (sold.has(stream)) doubles += 1;
          sold.add(stream);
        } else if (type === 'StampAffixed') {
          if (affixed.has(stream)) doubles += 1;
          affixed.add(stream);
        } else if (type === 'OrderPlaced') {
          count(placed, stream);
          placedAt.push(toMilliseconds(serde.decode(recorded).metadata.recordedAt));
        } else if (ENDS.has(type)) {
          count(ended, stream);
          if (type === 'OrderFulfilled')
            fulfilledAt.push(toMilliseconds(serde.decode(recorded).metadata.recordedAt));
        }
      }
      const after = page.at(-1)?.position;
      page = after === undefined ? [] : reader.readAll({ after, limit: LIMITS.readEvents });
    }
  } finally {
    reader.close();
  }
  return { placed, ended, doubles, affixed, placedAt, fulfilledAt };
}

/** Accepted orders against the log: each once, each with one end, and no stamp twice. */
export function auditOrders(name: string, accepted: readonly string[], log: OrderLog): Audit[] {
  const notOnce = (counts: ReadonlyMap<string, number>): number =>
    accepted.filter((stream) => counts.get(stream) !== 1).length;
  const acknowledged = accepted.length;
  return [
    { what: `${name}: accepted orders, in the log once`, acknowledged, missing: notOnce(log.placed) },
    {
      what: `${name}: accepted orders, fulfilled or refused once`,
      acknowledged,
      missing: notOnce(log.ended),
    },
    {
      what: `${name}: stamps sold and affixed once at most`,
      acknowledged: log.fulfilledAt.length,
      missing: log.doubles,
    },
  ];
}

/** In how many lines of the ledger's own report stamps or money are missing or too much. */
export async function conservationDifferences({
  url,
  token,
}: Pick<LedgerProcess, 'url' | 'token'>): Promise<number> {
  const { body } = await createClient({ baseUrl: url, token }).audit.conservation({});
  const stamps = body.groups.filter(({ difference }) => difference !== 0).length;
  return stamps + (Number(body.money.difference.amount) === 0 ? 0 : 1);
}
