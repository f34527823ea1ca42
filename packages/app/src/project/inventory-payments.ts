import { type LedgerEvent, parseInstant } from '@stamp-ledger/codec';
import type { Channel, Instant, Payment } from '@stamp-ledger/domain';
import type { PaymentRow, PaymentSubject } from '@stamp-ledger/ports';

/** The row of a payment that an event brought. */
export function paymentRow(
  { position, metadata }: LedgerEvent,
  { reference, amount, currency, paidAt }: Payment,
  about: { readonly channel: Channel; readonly subject: PaymentSubject },
): PaymentRow {
  const instant = parseInstant(paidAt);
  if (instant === undefined) throw new Error('a payment was made at no time');
  return {
    position,
    reference,
    amount: { amount, currency },
    paidAt: instant,
    recordedAt: metadata.recordedAt as Instant,
    ...about,
  };
}
