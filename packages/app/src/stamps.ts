import {
  fromMilliseconds,
  orderStream,
  parseInstant,
  stampStream,
  toMilliseconds,
} from '@stamp-ledger/codec';
import type {
  Channel,
  Instant,
  Payment,
  Refusal,
  Serial,
  StampCommand,
  StampState,
} from '@stamp-ledger/domain';
import { refuse } from '@stamp-ledger/domain';
import { LIMITS } from '@stamp-ledger/ports';
import type { CommandResult } from './aggregate.js';
import type { StampFold } from './aggregates.js';
import type { Context } from './context.js';
import { type LateMembers, lateSource } from './late-facts.js';
import type { Caller, Ledger, Outcome } from './ledger.js';

type StampCommands = Pick<
  Ledger['stamps'],
  | 'sell'
  | 'reserve'
  | 'release'
  | 'affix'
  | 'reportOutcomeUnknown'
  | 'resolveOutcome'
  | 'void'
  | 'deallocate'
  | 'correct'
>;

/** The commands on one stamp. */
export function stampCommands(context: Context): StampCommands {
  const execute = async (
    serial: Serial,
    caller: Caller,
    command: (at: Instant) => StampCommand,
    late: LateMembers = {},
  ): Promise<Outcome<StampState>> =>
    stampOutcome(
      await context.aggregates.stamps.execute({
        stream: stampStream(serial),
        ...(await lateSource(context, late, caller)),
        command: (_state, at) => command(at),
      }),
    );

  return {
    sell: (serial, { channel, holder, payment, ...late }, caller) =>
      execute(
        serial,
        caller,
        () => ({
          kind: 'sell',
          channel: channel as Channel,
          holder,
          ...(payment === undefined ? {} : { payment: normalisedPayment(payment) }),
          ...acting(caller),
        }),
        late,
      ),
    reserve: async (serial, { document, expiresInSeconds }, caller) => {
      const orderClosed = await isOrderClosed(context, serial);
      return execute(serial, caller, (at) => ({
        kind: 'reserve',
        document,
        at,
        expiresAt: fromMilliseconds(toMilliseconds(at) + expiresInSeconds * 1000),
        orderClosed,
        ...acting(caller),
      }));
    },
    release: (serial, caller) =>
      execute(serial, caller, () => ({ kind: 'release', reason: 'requested', ...acting(caller) })),
    affix: async (serial, { document, signedSha256, ...late }, caller) => {
      const orderClosed = await isOrderClosed(context, serial);
      return execute(
        serial,
        caller,
        (at) => ({
          kind: 'affix',
          document,
          at,
          orderClosed,
          ...(signedSha256 === undefined ? {} : { signedSha256 }),
          ...acting(caller),
        }),
        late,
      );
    },
    reportOutcomeUnknown: (serial, { evidence }, caller) =>
      execute(serial, caller, () => ({
        kind: 'report-outcome-unknown',
        ...(evidence === undefined ? {} : { evidence }),
        ...acting(caller),
      })),
    resolveOutcome: (serial, { result, evidence }, caller) =>
      execute(serial, caller, () => ({ kind: 'resolve-outcome', result, evidence, ...acting(caller) })),
    void: (serial, { reason, evidence, policyVersion }, caller) =>
      execute(serial, caller, () => ({
        kind: 'void',
        reason,
        ...(evidence === undefined ? {} : { evidence }),
        ...(policyVersion === undefined ? {} : { policyVersion }),
      })),
    deallocate: (serial, { reason }, caller) =>
      execute(serial, caller, () => ({ kind: 'deallocate', reason })),
    async correct(serial, { eventId, statement, evidence }, caller) {
      const corrects = await eventOf(context, serial, eventId);
      if (corrects === undefined) return refuse('unknown-event', 'This stamp has no event with that id.');
      return execute(serial, caller, () => ({
        kind: 'correct',
        corrects,
        statement,
        ...(evidence === undefined ? {} : { evidence }),
      }));
    },
  };
}

/** Payment times are kept to the millisecond like all others, whatever the provider sent. */
export const normalisedPayment = (payment: Payment): Payment => ({
  ...payment,
  paidAt: parseInstant(payment.paidAt) ?? payment.paidAt,
});

export const acting = ({ actingChannel }: Caller): { readonly actingChannel?: Channel } =>
  actingChannel === undefined ? {} : { actingChannel };

export function stampOutcome(
  result: CommandResult<StampFold>,
): Outcome<StampState> | { readonly kind: 'refused'; readonly refusal: Refusal } {
  if (result.kind !== 'done') return result;
  const { changed, state, revision, position, leaves } = result;
  return { kind: 'done', changed, state: state.state, revision, position, leaves };
}

/**
 * Whether the order that the stamp was sold with is given up. Between this look and the append the order may still be
 * refunded; the return job then revokes what was affixed.
 */
async function isOrderClosed({ aggregates }: Context, serial: Serial): Promise<boolean> {
  const { state } = await aggregates.stamps.load(stampStream(serial));
  if (!('orderId' in state.state) || state.state.orderId === undefined) return false;
  const order = await aggregates.orders.load(orderStream(state.state.orderId));
  return ['cancelled', 'refunded', 'rejected'].includes(order.state.status);
}

async function eventOf({ store }: Context, serial: Serial, eventId: string) {
  for (let from = 0; ; from += LIMITS.readEvents) {
    const { events } = await store.readStream({
      stream: stampStream(serial),
      from,
      limit: LIMITS.readEvents,
    });
    const found = events.find((event) => event.id === eventId);
    if (found !== undefined) return { eventId: found.id, revision: found.revision, type: found.type };
    if (events.length < LIMITS.readEvents) return undefined;
  }
}
