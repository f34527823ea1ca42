import { CodecError, type LedgerEvent, type RecordedEvent, serde } from '@stamp-ledger/codec';
import type { EmbeddedEventStore, KnownRequest } from '@stamp-ledger/embedded';
import { LIMITS } from '@stamp-ledger/ports';

/**
 * The commands behind the last {@link LIMITS.recentCommands} events that were recorded after `since`: among them every
 * command whose idempotency key may be missing from the keys' file after a crash.
 */
export async function recentCommands(
  store: Pick<EmbeddedEventStore, 'beforeLast' | 'readAll'>,
  { since }: { readonly since: number },
): Promise<Iterable<KnownRequest>> {
  const requests = new Map<string, KnownRequest>();
  let after = await store.beforeLast(LIMITS.recentCommands);
  for (;;) {
    const events = await store.readAll({ ...(after && { after }), limit: LIMITS.readEvents });
    for (const recorded of events) {
      const metadata = decoded(recorded)?.metadata;
      if (metadata === undefined || Date.parse(metadata.recordedAt) <= since) continue;
      const { commandId, requestHash } = metadata;
      // The first request is the one that the key belongs to.
      if (!requests.has(commandId)) requests.set(commandId, { key: commandId, requestHash });
    }
    after = events.at(-1)?.position;
    if (events.length < LIMITS.readEvents) return requests.values();
  }
}

/** An event that cannot be read halts the projections, which say so; it must not keep the ledger from opening. */
function decoded(recorded: RecordedEvent): LedgerEvent | undefined {
  try {
    return serde.decode(recorded);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
