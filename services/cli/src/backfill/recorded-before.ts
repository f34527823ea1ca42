import { isDeepStrictEqual } from 'node:util';
import type { EventAnswer, LedgerClient } from '@stamp-ledger/client';
import type { LateCommand } from './late-line.js';

/** The event that recorded a fact before, out of the same source but under other evidence; undefined when there is none. */
export async function recordedBefore(
  client: Pick<LedgerClient, 'stamps' | 'audit'>,
  command: LateCommand,
): Promise<EventAnswer | undefined> {
  const { occurredAt, backfill } = command.body;
  return (await candidates(client, command)).find(
    ({ data, metadata, ...event }) =>
      event.occurredAt === occurredAt &&
      metadata.backfill?.incidentId === backfill?.incidentId &&
      metadata.backfill?.source === backfill?.source &&
      isSameFact(data, command),
  );
}

async function candidates(
  client: Pick<LedgerClient, 'stamps' | 'audit'>,
  command: LateCommand,
): Promise<readonly EventAnswer[]> {
  if (command.kind !== 'payment') return (await client.stamps.history(command.serial)).body.events;
  const { orderId } = command;
  return (await client.audit.search({ orderId, types: ['OrderPaid'] })).body.events;
}

function isSameFact(data: EventAnswer['data'], command: LateCommand): boolean {
  switch (command.kind) {
    case 'sale': {
      const { channel, holder, payment } = command.body;
      return data.channel === channel && data.holder === holder && isDeepStrictEqual(data.payment, payment);
    }
    case 'affixing':
      return isDeepStrictEqual(data.document, command.body.document);
    case 'payment': {
      const { reference, amount, currency, paidAt } = command.body;
      return isDeepStrictEqual(data.payment, { reference, amount, currency, paidAt });
    }
  }
}
