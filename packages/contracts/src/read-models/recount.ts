import type { LedgerEvent, StreamName } from '@stamp-ledger/codec';
import {
  type DomainEvent,
  type OrderState,
  orderDecider,
  type StampEvent,
  type StampStage,
  type StampState,
  stampDecider,
} from '@stamp-ledger/domain';
import {
  fromThousandths,
  type InventoryGroup,
  type MoneyConservation,
  plainAmount,
  toThousandths,
} from '@stamp-ledger/ports';

const FIELDS: Readonly<
  Record<StampStage, Exclude<keyof InventoryGroup, 'batchId' | 'channel' | 'denomination'>>
> = {
  minted: 'inStock',
  allocated: 'allocated',
  sold: 'sold',
  reserved: 'reserved',
  'outcome-unknown': 'outcomeUnknown',
  affixed: 'affixed',
  voided: 'voided',
};

/** Folds every stream with the domain's own code: slow, obvious, and nothing that a projection shares. */
function states<State, Event extends DomainEvent>(
  events: readonly LedgerEvent[],
  kind: 'stamp' | 'order',
  decider: { readonly initialState: State; evolve(state: State, event: Event): State },
): Map<StreamName, State> {
  const folded = new Map<StreamName, State>();
  for (const event of events)
    if (event.stream.startsWith(`${kind}-`))
      folded.set(
        event.stream,
        decider.evolve(folded.get(event.stream) ?? decider.initialState, event as unknown as Event),
      );
  return folded;
}

export const stampStates = (events: readonly LedgerEvent[]): Map<StreamName, StampState> =>
  states<StampState, StampEvent>(events, 'stamp', stampDecider);

export const orderStates = (events: readonly LedgerEvent[]): Map<StreamName, OrderState> =>
  states(events, 'order', orderDecider);

/** The inventory that these events make, in the order of batch, channel and currency. */
export function recountInventory(events: readonly LedgerEvent[]): InventoryGroup[] {
  const groups = new Map<string, { -readonly [Key in keyof InventoryGroup]: InventoryGroup[Key] }>();
  for (const state of stampStates(events).values()) {
    if (state.stage === 'unminted') continue;
    const { batchId, channel } = state;
    const denomination = {
      amount: plainAmount(state.denomination.amount),
      currency: state.denomination.currency,
    };
    const key = `${batchId} ${channel} ${denomination.currency} ${denomination.amount}`;
    const group = groups.get(key) ?? { batchId, channel, denomination, ...NOTHING };
    group[FIELDS[state.stage]]++;
    groups.set(key, group);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

const NOTHING = {
  inStock: 0,
  allocated: 0,
  sold: 0,
  reserved: 0,
  outcomeUnknown: 0,
  affixed: 0,
  voided: 0,
};

type Sums = { paid: bigint; fulfilled: bigint; pending: bigint; refunded: bigint };

/** Where the money is after these events. */
export function recountMoney(events: readonly LedgerEvent[]): MoneyConservation[] {
  const sums = new Map<string, Sums>();
  const add = (currency: string, amount: string, field: Exclude<keyof Sums, 'paid'>): void => {
    const sum = sums.get(currency) ?? { paid: 0n, fulfilled: 0n, pending: 0n, refunded: 0n };
    const thousandths = toThousandths(amount) ?? 0n;
    sum.paid += thousandths;
    sum[field] += thousandths;
    sums.set(currency, sum);
  };
  for (const state of orderStates(events).values()) {
    if (!('payment' in state) || state.payment === undefined) continue;
    const { amount, currency } = state.payment;
    const settled = state.status === 'fulfilled' || state.status === 'refunded';
    add(currency, amount, settled ? (state.status as 'fulfilled' | 'refunded') : 'pending');
  }
  for (const event of events) {
    if (event.type !== 'StampSold' || event.data.payment === undefined || event.data.orderId !== undefined)
      continue;
    const refunded = events.some(
      (other) =>
        other.stream === event.stream && other.type === 'StampVoided' && other.data.reason === 'refund',
    );
    add(event.data.payment.currency, event.data.payment.amount, refunded ? 'refunded' : 'fulfilled');
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, sum]) => {
      const money = (thousandths: bigint) => ({ amount: fromThousandths(thousandths), currency });
      return {
        currency,
        paid: money(sum.paid),
        fulfilled: money(sum.fulfilled),
        pending: money(sum.pending),
        refunded: money(sum.refunded),
        difference: money(0n),
      };
    });
}
