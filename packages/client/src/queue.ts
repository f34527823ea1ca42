import type { AnnounceOpening, SetStockPolicy, TakeTicket, WithdrawOpening } from '@stamp-ledger/domain';
import type {
  OpeningAnswer,
  QueueAnswer,
  StockPolicyAnswer,
  TicketAnswer,
  WatchedStockAnswer,
} from './answers.js';
import type { Answer, Caller, CallOptions, CommandOptions } from './call.js';
import { path } from './path.js';

/** The waiting room for orders: `/v1/queue`. */
export const queue = (caller: Caller) => ({
  get: (options?: CallOptions): Promise<Answer<QueueAnswer>> => caller.query('/v1/queue', options),
  /** A ticket for one order; its answer's `ticket` goes into `orders.place` once it is admitted. */
  take: (body: TakeTicket, options?: CommandOptions): Promise<Answer<TicketAnswer>> =>
    caller.command('/v1/queue', body, options),
  look: (ticket: string, options?: CallOptions): Promise<Answer<TicketAnswer>> =>
    caller.query(path`/v1/queue/${ticket}`, options),
  announce: (body: AnnounceOpening, options?: CommandOptions): Promise<Answer<OpeningAnswer>> =>
    caller.command('/v1/queue/openings', body, options),
  openings: (options?: CallOptions): Promise<Answer<{ readonly openings: readonly OpeningAnswer[] }>> =>
    caller.query('/v1/queue/openings', options),
  withdraw: (
    openingId: string,
    body: WithdrawOpening = {},
    options?: CommandOptions,
  ): Promise<Answer<OpeningAnswer>> =>
    caller.command(path`/v1/queue/openings/${openingId}/withdrawal`, body, options),
});

/** When stocks are low, and what is then allocated without asking: `/v1/stock-policies`. */
export const stockPolicies = (caller: Caller) => ({
  set: (body: SetStockPolicy, options?: CommandOptions): Promise<Answer<StockPolicyAnswer>> =>
    caller.command('/v1/stock-policies', body, options),
  list: (options?: CallOptions): Promise<Answer<{ readonly policies: readonly WatchedStockAnswer[] }>> =>
    caller.query('/v1/stock-policies', options),
});
