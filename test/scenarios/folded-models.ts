import assert from 'node:assert/strict';
import { join } from 'node:path';
import { projectBatch } from '@stamp-ledger/app';
import type { EventAnswer } from '@stamp-ledger/client';
import { type LedgerEvent, type Position, parseStream, type StreamName } from '@stamp-ledger/codec';
import type { AllocationId, BatchId, Instant, OrderId, Serial } from '@stamp-ledger/domain';
import { openEmbeddedProjectionStore, openEmbeddedQueries } from '@stamp-ledger/embedded';
import type {
  IndexedEvent,
  PaymentCursor,
  PaymentView,
  ProjectionName,
  ReadModelQueries,
} from '@stamp-ledger/ports';
import { temporaryDirectory } from '../support/server.js';
import { sideBySide } from './side-by-side.js';

const PROJECTIONS: readonly ProjectionName[] = ['inventory', 'verification', 'audit-index'];
const BATCH_EVENTS = 5_000;
const PAGE = 1_000;
const FAR = '9999-12-31T00:00:00.000Z' as Instant;

/** Events come once and in order. */
const NO_GAPS = {
  readStream: () => assert.fail('an event is missing'),
  decode: () => assert.fail('an event is missing'),
};

/**
 * Read models folded from the events alone, in one go and by one process: what all others that followed the same log must
 * answer, whatever happened to them on the way.
 */
export class FoldedModels {
  readonly #place = temporaryDirectory();
  readonly #file = join(this.#place.directory, 'read-models.sqlite');
  readonly #store = openEmbeddedProjectionStore({ file: this.#file });
  readonly #queries = openEmbeddedQueries({ file: this.#file });
  readonly #streams = new Set<StreamName>();
  readonly #documents = new Set<string>();
  /** Of each event, in turn: these models are of the embedded log, whose positions are counted. */
  readonly #positions: Position[] = [];
  #waiting: LedgerEvent[] = [];

  async take({ position, stream, revision, id, type, data, metadata }: EventAnswer): Promise<void> {
    const counted = String(this.#positions.push(position as Position)).padStart(16, '0');
    const event = { position: counted, stream, revision, id, type, data, metadata } as unknown as LedgerEvent;
    this.#streams.add(event.stream);
    if (event.type === 'StampAffixed') this.#documents.add(event.data.document.sha256);
    this.#waiting.push(event);
    if (this.#waiting.length >= BATCH_EVENTS) await this.#fold();
  }

  /** Every stamp, order, batch, allocation, document, payment and event, and every count and sum. */
  async assertSameAs(models: ReadModelQueries): Promise<void> {
    await this.#fold();
    const same = async (what: string, ask: (queries: ReadModelQueries) => Promise<unknown>): Promise<void> =>
      assert.deepEqual(await ask(models), await ask(this.#queries), what);
    await sideBySide([...this.#streams], (stream) => same(stream, (queries) => rowsOf(queries, stream)));
    await sideBySide([...this.#documents], (sha256) =>
      same(sha256, (queries) => queries.stampsOfDocument(sha256)),
    );
    await same('the work that is left', workLeft);
    await same('the inventory', async (queries) => (await queries.inventory({})).groups);
    await same('the conservation', async (queries) => ({
      ...(await queries.conservation()),
      asOf: undefined,
    }));
    await samePages(payments(models), this.#placed(payments(this.#queries)));
    await samePages(events(models), this.#placed(events(this.#queries)));
  }

  async close(): Promise<void> {
    await this.#queries.close();
    await this.#store.close();
    this.#place.remove();
  }

  /** With positions as the log itself gives them. */
  async *#placed(
    pages: AsyncIterable<readonly { readonly position: Position }[]>,
  ): AsyncGenerator<readonly object[], undefined> {
    for await (const rows of pages)
      yield rows.map((row) => ({ ...row, position: this.#positions[Number(row.position) - 1] }));
    return undefined;
  }

  async #fold(): Promise<void> {
    const events = this.#waiting;
    this.#waiting = [];
    if (events.length > 0)
      for (const name of PROJECTIONS) await projectBatch({ store: this.#store, ...NO_GAPS }, name, events);
  }
}

/** What the jobs find to do; nothing, when the ledger is at rest. */
export async function workLeft(queries: ReadModelQueries): Promise<readonly unknown[]> {
  const page = { limit: PAGE };
  const lists: readonly Promise<readonly unknown[]>[] = [
    queries.batchesToMint(page),
    queries.allocationsToDo(page),
    queries.ordersToFulfil(page),
    queries.ordersToReturn(page),
    queries.unpaidOrders({ placedBefore: FAR, ...page }),
    queries.expiredReservations({ at: FAR, ...page }),
  ];
  return (await Promise.all(lists)).flat();
}

async function rowsOf(queries: ReadModelQueries, stream: StreamName): Promise<unknown> {
  const { kind, id } = parseStream(stream) ?? assert.fail(stream);
  switch (kind) {
    case 'stamp':
      return queries.stamp(id as Serial);
    case 'order':
      return [await queries.order(id as OrderId), await queries.stampsOfOrder(id as OrderId)];
    case 'batch':
      return queries.batchMinted(id as BatchId);
    case 'allocation':
      return queries.allocated(id as AllocationId);
    case 'incident':
    case 'queue':
    case 'stock':
    case 'log':
      return undefined;
  }
}

const payments = (queries: ReadModelQueries) =>
  pages((last?: PaymentView & { readonly cursor: PaymentCursor }) =>
    queries.payments({}, { limit: PAGE, ...(last && { after: last.cursor }) }),
  );

const events = (queries: ReadModelQueries) =>
  pages((last?: IndexedEvent) =>
    queries.findEvents({}, { limit: PAGE, ...(last && { after: last.position }) }),
  );

async function* pages<Row>(
  page: (last?: Row) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[], undefined> {
  for (let rows = await page(); rows.length > 0; rows = await page(rows.at(-1))) yield rows;
  return undefined;
}

/** Cursors are opaque, and each engine's own. */
async function samePages(
  found: AsyncIterator<readonly object[]>,
  expected: AsyncIterable<readonly object[]>,
): Promise<void> {
  const shown = (rows: readonly object[] | undefined) => rows?.map((row) => ({ ...row, cursor: undefined }));
  for await (const rows of expected) assert.deepEqual(shown((await found.next()).value), shown(rows));
  assert.equal((await found.next()).value, undefined, 'and no more');
}
