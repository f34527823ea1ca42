import type { EventStore, TileStore } from '@stamp-ledger/ports';
import { LIMITS } from '@stamp-ledger/ports';
import { Frontier, leafHash } from '@stamp-ledger/transparency';
import { appendsOf } from '../move/appends.js';
import { parseEntry } from '../move/format.js';
import { callsOf } from '../move/import-events.js';
import type { ExportedEvent } from '../move/read-export.js';
import { compareAll, entriesOf } from './source.js';
import { halted, type MissingEvents } from './status.js';

export interface RefillRequest {
  readonly store: Pick<EventStore, 'append' | 'readAll' | 'readStream'>;
  readonly tiles: Pick<TileStore, 'read'>;
  /** The signed tree that the store is to have the events of again. */
  readonly signed: { readonly size: number; readonly root: Buffer };
  /** See {@link ImportRequest.inOrderAppends}. */
  readonly inOrderAppends: boolean;
}

/**
 * Puts the events that an event store lost (an older backup of it was restored) back from the entry bundles: same ids,
 * revisions, bytes and order. Nothing is written unless all entries hash to the signed root and every event of the store
 * is what was sealed in its place, and when it resolves all have been compared again. Nobody else may write meanwhile. A repeat after a crash goes
 * on where it ended. Throws a {@link SealHalted}.
 */
export async function refill(request: RefillRequest): Promise<void> {
  const { store, tiles, signed } = request;
  await requireRoot(request);
  const found = await compareAll(store, tiles, signed.size);
  if (found.kind === 'agrees') return;
  const missing = { from: found.from, to: signed.size };
  const most = request.inOrderAppends ? LIMITS.refillEvents : 1;
  for await (const call of callsOf(appendsOf(lostEvents(tiles, missing)), most)) {
    const results = await store.append(call);
    const refused = call.find((_, at) => results[at]?.kind !== 'appended');
    if (refused !== undefined)
      throw halted('source-differs', `${refused.stream} moved on while lost events were put back`, missing);
  }
  const agreement = await compareAll(store, tiles, signed.size);
  if (agreement.kind === 'ends-early')
    throw halted('source-behind', `the event store lost events from ${agreement.from} on again`, {
      from: agreement.from,
      to: signed.size,
    });
}

/** All entries hash to the signed root: the bundles are worth putting back. */
async function requireRoot({ tiles, signed }: RefillRequest): Promise<void> {
  const frontier = new Frontier();
  for await (const entry of entriesOf(tiles, signed.size)) frontier.append(leafHash(entry));
  if (!frontier.root().equals(signed.root))
    throw halted(
      'tiles-damaged',
      `the bundles do not hash to the root that was signed for size ${signed.size}`,
    );
}

async function* lostEvents(
  tiles: Pick<TileStore, 'read'>,
  { from, to }: MissingEvents,
): AsyncGenerator<ExportedEvent> {
  let index = 0;
  for await (const bytes of entriesOf(tiles, to)) {
    if (index >= from) {
      const parsed = parseEntry(bytes.toString());
      if (parsed === undefined) throw halted('tiles-damaged', `entry ${index} is no event of this ledger`);
      yield { ...parsed, line: index };
    }
    index++;
  }
}
