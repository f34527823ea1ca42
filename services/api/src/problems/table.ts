/** One kind of problem: its status is part of the contract, as is its name. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What a client can do about it: shown at `/problems/<name>`. */
  readonly meaning: string;
}

const kind = (status: number, title: string, meaning: string): ProblemKind => ({ status, title, meaning });

/** Faults of the request itself, found before anything is decided. */
const REQUEST_PROBLEMS = {
  'malformed-http': kind(400, 'Malformed HTTP', 'The bytes sent are not an HTTP request.'),
  'invalid-request': kind(
    400,
    'Invalid request',
    'A member or parameter is missing, unknown or has the wrong form; `errors` says which.',
  ),
  'malformed-json': kind(
    400,
    'Malformed JSON',
    'The body is not one JSON value of well-formed Unicode (RFC 8259).',
  ),
  'non-canonical-number': kind(
    400,
    'Non-canonical number',
    'A number is not in its one plain form (RFC 8785), so parsers may take it for another: write 1, not 1.0 or 1e0.',
  ),
  'unsafe-integer': kind(400, 'Unsafe number', 'A number lies beyond 2^53 - 1, where JSON parsers disagree.'),
  'invalid-utf-8': kind(400, 'Invalid UTF-8', 'The body is not valid UTF-8.'),
  'forbidden-key': kind(400, 'Forbidden key', 'A key of the body would change the prototype of an object.'),
  'duplicate-key': kind(400, 'Duplicate key', 'An object of the body has the same key twice.'),
  'unexpected-body': kind(400, 'Unexpected body', 'This call takes no body.'),
  'idempotency-key-required': kind(
    400,
    'Idempotency key required',
    'Send an `Idempotency-Key` header: a fresh value for every new command, the same value when repeating one.',
  ),
  'invalid-idempotency-key': kind(
    400,
    'Invalid idempotency key',
    'The key must be 1 to 255 visible ASCII characters.',
  ),
  'malformed-serial': kind(
    400,
    'Malformed serial',
    'A serial has 22 characters of 0-9 and A-Z, and a generated one a check character that fits. It was probably mistyped.',
  ),
  unauthenticated: kind(401, 'Not authenticated', 'Send a valid bearer token in the `Authorization` header.'),
  'insufficient-scope': kind(403, 'Insufficient scope', 'The token lacks the scope that this call needs.'),
  'channel-required': kind(
    403,
    'Channel required',
    'A token that sells or affixes must name the channel that it acts for.',
  ),
  'not-found': kind(404, 'Not found', 'There is nothing at this path.'),
  'method-not-allowed': kind(
    405,
    'Method not allowed',
    'The path exists, but not with this method; `Allow` lists those it has.',
  ),
  'not-acceptable': kind(
    406,
    'Not acceptable',
    'The answer does not come in any media type that `Accept` allows.',
  ),
  'request-timeout': kind(408, 'Request timeout', 'The request took too long to arrive.'),
  'body-too-large': kind(413, 'Body too large', 'The body is longer than the service reads.'),
  'unsupported-media-type': kind(415, 'Unsupported media type', 'Send the body as application/json.'),
  'unsupported-encoding': kind(
    415,
    'Unsupported content encoding',
    'Send the body without a content encoding.',
  ),
  'expectation-failed': kind(417, 'Expectation failed', 'The only expectation that is met is 100-continue.'),
  'idempotency-key-reused': kind(
    422,
    'Idempotency key reused',
    'The key was used before for another request. Use a fresh key for a new command.',
  ),
  'request-in-progress': kind(
    409,
    'Request in progress',
    'A request with the same key still runs. Repeat it a little later.',
  ),
  'headers-too-large': kind(
    431,
    'Header fields too large',
    'The request line and headers are longer than the service reads.',
  ),
  'revision-not-reached': kind(412, 'Revision not reached', 'The stamp has not got the revision asked for.'),
  'invalid-queue-ticket': kind(
    403,
    'Invalid queue ticket',
    'The ticket in `Queue-Ticket` was not given to this caller by this ledger. A ticket cannot be passed on.',
  ),
  'queue-ticket-for-other-order': kind(
    422,
    'Queue ticket for another order',
    'The ticket lets in one order of one channel, and this is not it.',
  ),
  'queue-ticket-required': kind(
    429,
    'Queue ticket required',
    'More orders come than can be taken, or a sale is about to open. Most of these answers bring a ticket along (`facts.ticket`): send the same order again with it in `Queue-Ticket` when `Retry-After` says. Otherwise take one with POST /v1/queue.',
  ),
  'queue-ticket-not-admitted': kind(
    429,
    'Queue ticket not admitted',
    'Others come first. Ask GET /v1/queue/{ticket} when it is your turn; `Retry-After` says when to ask.',
  ),
  'queue-ticket-expired': kind(
    429,
    'Queue ticket expired',
    'The ticket was admitted and not used in time, or its room closed. Take another with POST /v1/queue.',
  ),
  'unknown-rebuild': kind(404, 'Unknown rebuild', 'No rebuild of the read models has this id.'),
} as const;

/** Faults of the service. */
const SERVICE_PROBLEMS = {
  'internal-error': kind(
    500,
    'Internal error',
    'The service failed in a way it should not. Quote the `instance` when reporting it.',
  ),
  'ledger-unavailable': kind(
    503,
    'Ledger unavailable',
    'Nothing is wrong with the request. Repeat it, with the same key, after the time in `Retry-After`.',
  ),
  overloaded: kind(
    503,
    'Overloaded',
    'More is asked of the ledger than it can do now, and nothing has changed. Repeat the request, with the same key, after the time in `Retry-After`.',
  ),
  'quota-exceeded': kind(
    429,
    'Quota exceeded',
    'The caller sends more requests than its own quota allows, and nothing has changed. Repeat the request, with the same key, after the time in `Retry-After`.',
  ),
  'deadline-passed': kind(
    503,
    'Deadline passed',
    'The time that the request gave was over before it was taken up, and nothing has changed.',
  ),
  'command-outcome-unknown': kind(
    503,
    'Outcome of the command unknown',
    'The command may or may not have been taken. Repeat it with the same key: it is never carried out twice.',
  ),
  'identity-provider-unavailable': kind(
    503,
    'Identity provider unavailable',
    'The token could not be checked. Repeat the request after the time in `Retry-After`.',
  ),
} as const;

/** Refusals of the ledger's rules about stamps. */
const STAMP_PROBLEMS = {
  'unknown-serial': kind(404, 'Unknown serial', 'No stamp with this serial was ever minted.'),
  'already-minted': kind(409, 'Already minted', 'A stamp with this serial exists.'),
  'wrong-state': kind(409, 'Wrong state', 'The stamp is in a state that does not allow this.'),
  'wrong-channel': kind(403, 'Wrong channel', 'The stamp or order belongs to another channel.'),
  'not-sold': kind(409, 'Not sold', 'The stamp has to be sold first.'),
  'already-sold': kind(409, 'Already sold', 'The stamp was sold before.'),
  'already-affixed': kind(409, 'Already affixed', 'The stamp is affixed to another document, for good.'),
  'already-reserved': kind(409, 'Already reserved', 'The stamp is reserved.'),
  'reserved-for-another-document': kind(
    409,
    'Reserved for another document',
    'The stamp is reserved for another document.',
  ),
  'not-reserved': kind(409, 'Not reserved', 'The stamp has no reservation.'),
  'outcome-unknown': kind(
    409,
    'Outcome of affixing unknown',
    'Whether the stamp was affixed has to be resolved first.',
  ),
  'outcome-already-resolved': kind(
    409,
    'Outcome already resolved',
    'The outcome was resolved before, the other way.',
  ),
  'stamp-voided': kind(409, 'Stamp voided', 'The stamp is void.'),
  'evidence-required': kind(422, 'Evidence required', 'This needs evidence.'),
  'policy-version-required': kind(
    422,
    'Policy version required',
    'This needs the version of the policy that was applied.',
  ),
  'void-reason-not-allowed': kind(
    409,
    'Void reason not allowed',
    'A stamp in this state cannot be voided for this reason.',
  ),
  'unknown-event': kind(404, 'Unknown event', 'The stamp has no event with this id.'),
} as const;

/** Refusals about orders, batches, allocations and incidents. */
const OTHER_PROBLEMS = {
  'unknown-order': kind(404, 'Unknown order', 'No such order, or not one of the caller.'),
  'order-exists': kind(409, 'Order exists', 'An order with this id was placed before, with other terms.'),
  'order-not-payable': kind(409, 'Order not payable', 'The order is in a state that takes no payment.'),
  'already-paid': kind(409, 'Already paid', 'The order was paid with another payment.'),
  'payment-mismatch': kind(422, 'Payment mismatch', 'The payment is not for what the order or stamp costs.'),
  'order-not-fulfillable': kind(
    409,
    'Order not fulfillable',
    'The order is in a state that takes no stamps.',
  ),
  'order-not-cancellable': kind(
    409,
    'Order not cancellable',
    'The order is in a state that cannot be cancelled.',
  ),
  'order-not-refundable': kind(
    409,
    'Order not refundable',
    'The order is in a state that cannot be refunded.',
  ),
  'order-has-used-stamps': kind(
    409,
    'Order has used stamps',
    'Stamps of the order were used: it cannot be refunded.',
  ),
  'refund-amount-mismatch': kind(422, 'Refund amount mismatch', 'The amount is not what was paid.'),
  'batch-exists': kind(409, 'Batch exists', 'A batch with this id was opened before, with other terms.'),
  'unknown-batch': kind(404, 'Unknown batch', 'No such batch.'),
  'allocation-exists': kind(
    409,
    'Allocation exists',
    'An allocation with this id was requested before, with other terms.',
  ),
  'unknown-allocation': kind(404, 'Unknown allocation', 'No such allocation.'),
  'insufficient-stock': kind(409, 'Insufficient stock', 'There are fewer stamps in stock than asked for.'),
  'serials-quantity-mismatch': kind(
    422,
    'Serials and quantity differ',
    'The batch must bring as many serials as its quantity says.',
  ),
  'duplicate-serial': kind(422, 'Duplicate serial', 'A serial is twice in the batch.'),
  'serial-exists': kind(409, 'Serial exists', 'A serial of the batch was minted before.'),
  'unknown-currency': kind(422, 'Unknown currency', 'The currency is not in ISO 4217.'),
  'invalid-amount': kind(422, 'Invalid amount', 'The amount is not one that the currency allows here.'),
  'channel-not-allocatable': kind(
    422,
    'Channel not allocatable',
    "Stamps cannot be allocated to the issuer's own channel.",
  ),
  'incident-exists': kind(
    409,
    'Incident exists',
    'An incident with this id was opened before, with other terms.',
  ),
  'incident-ends-before-start': kind(
    422,
    'Incident ends before its start',
    'The end of an incident cannot lie before its start.',
  ),
  'unknown-incident': kind(404, 'Unknown incident', 'No such incident.'),
  'incident-closed': kind(409, 'Incident closed', 'The incident was closed before, with other words.'),
  'opening-exists': kind(
    409,
    'Opening exists',
    'An opening with this id was announced before, with other terms, or withdrawn.',
  ),
  'unknown-opening': kind(404, 'Unknown opening', 'No such opening.'),
  'opening-begun': kind(409, 'Opening begun', 'Tickets are given for the opening already.'),
  'opening-in-the-past': kind(
    422,
    'Opening in the past',
    'An opening lies ahead, and tickets are given from a time between now and then.',
  ),
  'openings-overlap': kind(
    409,
    'Openings overlap',
    'Tickets are given for another opening at the same time.',
  ),
  'too-many-openings': kind(409, 'Too many openings', 'Wait until an announced opening is over.'),
  'too-many-stock-policies': kind(409, 'Too many stock policies', 'Change one that there is.'),
  'occurred-after-recording': kind(
    422,
    'Occurred after its recording',
    'A fact that is recorded late has happened before it is recorded.',
  ),
  'occurred-outside-incident': kind(
    422,
    'Occurred outside the incident',
    'A fact that is recorded late has happened during the incident that it refers to.',
  ),
} as const;

/** Every problem there is. `type` of an answer is `/problems/<name>`. */
export const PROBLEMS = {
  ...REQUEST_PROBLEMS,
  ...SERVICE_PROBLEMS,
  ...STAMP_PROBLEMS,
  ...OTHER_PROBLEMS,
} as const;

export type ProblemName = keyof typeof PROBLEMS;

export const isProblemName = (name: string): name is ProblemName => Object.hasOwn(PROBLEMS, name);
