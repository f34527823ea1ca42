import { createHash } from 'node:crypto';
import type { AffixStamp, PayOrder, SellStamp } from '@stamp-ledger/domain';
import type { FileRecord } from '../records.js';
import { instantOf } from '../values.js';

/** What holds for every line of a file of late facts. */
export interface BackfillFacts {
  readonly incidentId: string;
  readonly source: string;
  /** SHA-256 of the evidence, hexadecimal: of the file itself unless another is named. */
  readonly evidenceSha256: string;
  /** Where a line names none. */
  readonly channel?: string;
  readonly currency: string;
}

/** One late fact, as the command that records it. */
export type LateCommand =
  | { readonly kind: 'sale'; readonly serial: string; readonly body: SellStamp }
  | { readonly kind: 'affixing'; readonly serial: string; readonly body: AffixStamp }
  | { readonly kind: 'payment'; readonly orderId: string; readonly body: PayOrder };

export type LateLine =
  | {
      readonly kind: 'command';
      readonly line: number;
      readonly command: LateCommand;
      /** Idempotency-Key: the same line of facts under the same incident and source is one command for ever. */
      readonly key: string;
    }
  | { readonly kind: 'unreadable'; readonly line: number; readonly fault: string };

/** Names of the columns or members. A `kind` is `sale` when absent. */
export const LATE_COLUMNS = {
  sale: 'serial, holder, occurredAt [, channel, reference, amount, currency, paidAt]',
  affixing: 'serial, documentSha256, documentType, occurredAt',
  payment: 'orderId, reference, amount, occurredAt [, currency, paidAt]',
} as const;

/** Reads one line; what is wrong with its values in detail the ledger says. */
export function lateLine(record: FileRecord, facts: BackfillFacts): LateLine {
  const { line } = record;
  if (record.kind === 'fault') return { kind: 'unreadable', line, fault: record.fault };
  const fields = trimmed(record.fields);
  const occurredAt = instantOf(fields.occurredAt ?? '');
  if (occurredAt === undefined) return { kind: 'unreadable', line, fault: 'has no occurredAt (RFC 3339)' };
  const { incidentId, source, evidenceSha256 } = facts;
  const late = { occurredAt, backfill: { incidentId, source, evidenceSha256 } };
  const payment = paymentOf(fields, facts, occurredAt);
  if (typeof payment === 'string') return { kind: 'unreadable', line, fault: payment };
  const command = commandOf(fields, facts, { late, payment });
  if (command === undefined)
    return { kind: 'unreadable', line, fault: 'lacks a field that its kind of fact needs' };
  return { kind: 'command', line, command, key: keyOf(fields, facts) };
}

/** Without blanks around, and without what is empty. */
const trimmed = (fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(fields)
      .map(([name, text]) => [name, text.trim()] as const)
      .filter(([, text]) => text !== ''),
  );

/** The order of the members and the number of the line do not count: a file sorted anew holds the same facts. */
function keyOf(fields: Readonly<Record<string, string>>, { incidentId, source }: BackfillFacts): string {
  const members = Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1));
  const text = JSON.stringify([incidentId, source, members]);
  return `backfill-${createHash('sha256').update(text).digest('hex')}`;
}

/** A further key, for the same line with the evidence and the defaults that it has now. */
export const keyUnder = ({
  key,
  command,
}: Pick<Extract<LateLine, { readonly kind: 'command' }>, 'key' | 'command'>): string =>
  `backfill-${createHash('sha256')
    .update(JSON.stringify([key, command.body]))
    .digest('hex')}`;

type Payment = NonNullable<SellStamp['payment']>;

type LateMembers = Required<Pick<SellStamp, 'occurredAt' | 'backfill'>>;

function commandOf(
  fields: Readonly<Record<string, string>>,
  facts: BackfillFacts,
  { late, payment }: { readonly late: LateMembers; readonly payment: Payment | undefined },
): LateCommand | undefined {
  const { kind = 'sale', serial, holder, orderId, documentSha256, documentType } = fields;
  const channel = fields.channel ?? facts.channel;
  switch (kind) {
    case 'sale':
      if (serial === undefined || holder === undefined || channel === undefined) return undefined;
      return {
        kind,
        serial,
        body: { channel, holder, ...(payment === undefined ? {} : { payment }), ...late },
      };
    case 'affixing':
      if (serial === undefined || documentSha256 === undefined || documentType === undefined)
        return undefined;
      return { kind, serial, body: { document: { sha256: documentSha256, type: documentType }, ...late } };
    case 'payment':
      if (orderId === undefined || payment === undefined) return undefined;
      return { kind, orderId, body: { ...payment, ...late } };
    default:
      return undefined;
  }
}

/**
 * What was paid, undefined where nothing was. Half a payment, or a time that cannot be read, is a fault to be told: money must
 * not be left out or dated otherwise than the journal has it.
 */
function paymentOf(
  { reference, amount, currency, paidAt }: Readonly<Record<string, string>>,
  facts: BackfillFacts,
  occurredAt: string,
): Payment | undefined | string {
  if (reference === undefined && amount === undefined && paidAt === undefined) return undefined;
  if (reference === undefined || amount === undefined)
    return 'has a part of a payment: it takes a reference and an amount';
  const at = paidAt === undefined ? occurredAt : instantOf(paidAt);
  if (at === undefined) return 'has a paidAt that is no time (RFC 3339)';
  return { reference, amount, currency: currency ?? facts.currency, paidAt: at };
}
