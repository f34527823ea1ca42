import { sha256Hex } from '@stamp-ledger/codec';
import { CHANNEL } from '../../ledger/lives.js';
import { affixings, lookUps, orderIdAt, paidOrders } from '../../ledger/requests.js';
import { type LoadRequest, requestText } from '../load/load.js';
import type { Plan, Stream } from './crowd.js';
import type { LineReply } from './line.js';

/** What a client asks for next: what it came for, a ticket, or whether it is its turn. */
type Step = 'purpose' | 'ticket' | 'turn';

/** What an answer means to a client. */
export type Next =
  | { readonly kind: 'accepted' }
  /** Refused by the ledger's rules: coming back would not help. */
  | { readonly kind: 'hopeless' }
  /** Turned away for the moment. */
  | { readonly kind: 'refused' }
  /** Told what to do, and when, in milliseconds; maybe with a ticket. */
  | { readonly kind: 'told'; readonly milliseconds: number; readonly hasTicket: boolean };

const TICKET = /"ticket":"([^"]+)"/;
const STATUS = /"status":"([a-z-]+)"/;
const TICKET_WANTED = /\/problems\/queue-ticket-(?:required|expired)"/;
const NOT_ADMITTED = '/problems/queue-ticket-not-admitted"';
const TOO_MANY = 429;
const CONFLICT = 409;
const SERVER_ERRORS = 500;

/** One of the crowd. */
export class Client {
  #step: Step = 'purpose';
  #ticket: string | undefined;
  #text: string | undefined;

  constructor(
    readonly index: number,
    /** When it came. */
    readonly due: number,
    private readonly stream: Stream,
    private readonly plan: Plan,
  ) {}

  get step(): Step {
    return this.#step;
  }

  /** Its next request as it goes over the wire. A retry is the same text. */
  text(): string {
    this.#text ??= requestText(this.#request(), this.plan);
    return this.#text;
  }

  answered({ status, retryAfter, body }: LineReply): Next {
    if (this.#step === 'purpose') {
      if (status < 300) return { kind: 'accepted' };
      if (this.stream.takesTickets === true && status === TOO_MANY) {
        if (TICKET_WANTED.test(body)) {
          // Most refusals bring a ticket along: then the order itself comes back at its turn.
          this.#ticket = TICKET.exec(body)?.[1];
          return this.#ticket === undefined
            ? this.#turnTo('ticket', 0)
            : this.#turnTo('purpose', retryAfter, true);
        }
        if (body.includes(NOT_ADMITTED)) return this.#turnTo('turn', retryAfter);
      }
      return status >= SERVER_ERRORS || status === TOO_MANY || status === CONFLICT
        ? { kind: 'refused' }
        : { kind: 'hopeless' };
    }
    if (status >= 300) return { kind: 'refused' };
    const hasTicket = this.#step === 'ticket';
    this.#ticket = TICKET.exec(body)?.[1] ?? this.#ticket;
    switch (STATUS.exec(body)?.[1]) {
      case 'admitted':
      case 'not-needed':
        return this.#turnTo('purpose', 0, hasTicket);
      case 'expired':
        return this.#turnTo('ticket', 0);
      default:
        return this.#turnTo('turn', retryAfter, hasTicket);
    }
  }

  #turnTo(step: Step, seconds: number, hasTicket = false): Next {
    this.#step = step;
    this.#text = undefined;
    return { kind: 'told', milliseconds: seconds * 1_000, hasTicket };
  }

  #request(): LoadRequest {
    switch (this.#step) {
      case 'purpose':
        return this.#purpose();
      case 'ticket':
        return {
          method: 'POST',
          path: '/v1/queue',
          body: JSON.stringify({ channel: CHANNEL, orderId: orderIdAt(this.index) }),
          // Another one after one that ended.
          key: `ticket-${this.index}-${this.#ticket === undefined ? '' : sha256Hex(this.#ticket).slice(0, 8)}`,
        };
      case 'turn':
        return { method: 'GET', path: `/v1/queue/${this.#ticket}` };
    }
  }

  #purpose(): LoadRequest {
    const { kind, of = 1 } = this.stream;
    const [request] =
      kind === 'orders'
        ? paidOrders(this.index, this.index + 1)
        : kind === 'affixings'
          ? affixings(this.index, this.index + 1)
          : lookUps(1, of, this.index);
    if (request === undefined) throw new Error('there is no such request');
    return this.#ticket === undefined ? request : { ...request, headers: { 'queue-ticket': this.#ticket } };
  }
}
