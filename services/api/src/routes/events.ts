import type { Position } from '@stamp-ledger/codec';
import { type Answer, JSON_NAME, json } from '../answer.js';
import type { Exchange, Route, Services } from '../exchange.js';
import { feedText } from '../feed.js';
import { longAnswers } from '../long-answers.js';
import { RequestProblem } from '../problems/problem.js';
import { takeTime } from '../request/patience.js';
import { eventTypes, integer, position, readQuery, streamName } from '../request/query.js';
import * as views from '../views.js';

const EVENT_STREAM = 'text/event-stream';
/** The place before every event, in the form of a position: the `next` of a ledger that holds nothing yet. */
const BEGINNING = '0'.repeat(16);

/** Every event in global order, page by page or as a live feed: what a subscriber needs to never miss one. */
export function eventRoutes(services: Services): Route[] {
  const { ledger, limits, draining, gate } = services;
  const shape = {
    after: position,
    limit: integer(1, limits.eventsPage),
    types: eventTypes,
    stream: streamName,
  };
  const feeds = longAnswers(limits, { most: limits.feeds, what: 'live feeds' });

  /** New events as they come, until the client leaves, the service stops or the feed has lasted long enough. */
  async function* live(
    exchange: Exchange,
    request: Omit<Parameters<typeof ledger.audit.follow>[0], 'signal'>,
  ): AsyncGenerator<string, void, undefined> {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), limits.feedMilliseconds);
    const signal = AbortSignal.any([over.signal, exchange.gone, draining]);
    try {
      yield* feedText(ledger.audit.follow({ ...request, signal }), limits.feedBeatMilliseconds);
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }

  function feed(exchange: Exchange): Answer {
    // A page ends and a feed does not: `limit` has nothing to say here.
    const { limit: _, after, ...filter } = readQuery(exchange.search, shape);
    const request = { ...filter, ...afterPlace(lastEventId(exchange) ?? after) };
    const answer = { status: 200, headers: { 'content-type': EVENT_STREAM, connection: 'close' }, body: '' };
    if (exchange.request.method === 'HEAD') return answer;
    const stream = feeds(exchange, () => live(exchange, request));
    // From here on it has a bound and a pace of its own.
    gate.leave(exchange.request);
    takeTime(exchange.request, limits.feedIdleMilliseconds);
    return { ...answer, stream };
  }

  return [
    {
      method: 'GET',
      path: '/v1/events',
      scope: 'subscribe',
      takesQuery: true,
      produces: [JSON_NAME, EVENT_STREAM],
      handle: async (exchange) => {
        if (exchange.mediaType === EVENT_STREAM) return feed(exchange);
        const { limit = limits.eventsPageDefault, after, ...filter } = readQuery(exchange.search, shape);
        const { events, next = BEGINNING } = await ledger.audit.events({
          ...filter,
          ...afterPlace(after),
          limit,
        });
        return json(200, { events: events.map(views.historyEvent), next });
      },
    },
  ];
}

const afterPlace = (after: Position | undefined): { readonly after?: Position } =>
  after === undefined || after === BEGINNING ? {} : { after };

/** Where a client that comes back has got to: it sends what it was last told, whatever it asked for at first. */
function lastEventId({ request }: Exchange): Position | undefined {
  const text = request.headers['last-event-id'];
  if (text === undefined || text === '') return undefined;
  const last = position.parse(String(text));
  if (last === undefined)
    throw new RequestProblem('invalid-request', {
      detail: `The header Last-Event-ID ${position.wants}.`,
      errors: [{ header: 'Last-Event-ID', detail: position.wants }],
    });
  return last;
}
