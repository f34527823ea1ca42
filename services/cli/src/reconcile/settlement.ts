import { toThousandths } from '@stamp-ledger/app';
import type { FileRecord } from '../records.js';
import { instantOf } from '../values.js';

/** Which columns or members of the file hold what. */
export interface ColumnMapping {
  readonly reference: string;
  readonly amount: string;
  /** Without it, or where it is empty, the currency is `defaultCurrency`. */
  readonly currency: string;
  readonly time: string;
  /** The order that a payment was for, where the provider knows it. */
  readonly order: string;
  readonly defaultCurrency: string;
}

/** One payment that the provider settled. */
export interface SettledPayment {
  readonly line: number;
  readonly reference: string;
  /** Thousandths of the currency's major unit, as decimal text: it goes through JSON. */
  readonly thousandths: string;
  readonly currency: string;
  /** RFC 3339, UTC. */
  readonly time?: string;
  readonly orderId?: string;
}

export type SettlementLine =
  | { readonly kind: 'payment'; readonly payment: SettledPayment }
  | { readonly kind: 'unreadable'; readonly line: number; readonly fault: string };

const REFERENCE = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;
const ORDER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Reads one record of a settlement file; one that is none is reported, never passed over. */
export function settlementLine(record: FileRecord, mapping: ColumnMapping): SettlementLine {
  const { line } = record;
  const unreadable = (fault: string): SettlementLine => ({ kind: 'unreadable', line, fault });
  if (record.kind === 'fault') return unreadable(record.fault);
  const field = (name: string): string => (record.fields[name] ?? '').trim();
  const reference = field(mapping.reference);
  if (!REFERENCE.test(reference)) return unreadable('has no payment reference as the ledger takes them');
  const thousandths = toThousandths(field(mapping.amount));
  if (thousandths === undefined) return unreadable('has no plain decimal amount, such as 10000 or 10000.50');
  const currency = field(mapping.currency) || mapping.defaultCurrency;
  if (!/^[A-Z]{3}$/.test(currency)) return unreadable('has no ISO 4217 currency');
  const timeText = field(mapping.time);
  const time = timeText === '' ? undefined : instantOf(timeText);
  if (timeText !== '' && time === undefined) return unreadable('has a time that is not RFC 3339');
  const orderId = field(mapping.order);
  if (orderId !== '' && !ORDER.test(orderId)) return unreadable('has an order that is no id of the ledger');
  return {
    kind: 'payment',
    payment: {
      line,
      reference,
      thousandths: String(thousandths),
      currency,
      ...(time === undefined ? {} : { time }),
      ...(orderId === '' ? {} : { orderId }),
    },
  };
}
