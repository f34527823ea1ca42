import type { IncomingMessage } from 'node:http';

/**
 * What a request is to the gate, the most important first. The first four never wait for the work of the others;
 * the rest share what the ledger can make durable. A walk-in is an order without a ticket while the waiting room is open:
 * it gets what those leave who hold one.
 */
export const WORK_CLASSES = [
  'health',
  'log',
  'look-up',
  'ticket',
  'verification',
  'affixing',
  'order',
  'walk-in',
  'bulk',
] as const;
export type WorkClass = (typeof WORK_CLASSES)[number];

const HEALTH = /^\/(?:livez|readyz|metrics)(?:\?|$)/;
const OUTSIDE = /^\/(?:log\/|openapi\.json|docs|problems\/|\?|$)/;
/** One stamp, its proof, one order, the queue or one place in it: cheap, and what a person is waiting for. */
const LOOK_UP = /^\/v1\/(?:stamps\/[^/?]*(?:\/proof)?(?:\?|$)|orders\/|queue(?:[/?]|$))/;
/** Look-ups that are not for everybody: an order, a place in the queue, what operators announced. */
const OWN = /^\/v1\/(?:orders|queue)\//;
const AFFIXING = /^\/v1\/stamps\/[^/?]*\/(?:affixation|reservation|outcome|outcome-unknown)(?:\?|$)/;
const SELLING = /^\/v1\/(?:orders|stamps\/[^/?]*\/(?:sale|void))(?:[/?]|$)/;
/** A crowd that takes tickets before an opening must not look like a crowd that orders. */
const TICKET = /^\/v1\/queue(?:\?|$)/;
const VERIFYING = /^\/v1\/verifications(?:\?|$)/;

const PLACING = /^\/v1\/orders(?:\?|$)/;

export const isPlacing = ({ url = '' }: Pick<IncomingMessage, 'url'>): boolean => PLACING.test(url);

/** Whether a request places an order without showing a ticket, good or not. */
export const isUnticketed = (request: Pick<IncomingMessage, 'url' | 'headers'>): boolean =>
  request.headers['queue-ticket'] === undefined && isPlacing(request);

/** By method and path alone: nothing else of the request has been looked at yet. */
export function workClassOf(method: string, url: string): WorkClass {
  if (method === 'GET' || method === 'HEAD') {
    if (LOOK_UP.test(url)) return 'look-up';
    if (HEALTH.test(url)) return 'health';
    return OUTSIDE.test(url) ? 'log' : 'bulk';
  }
  if (VERIFYING.test(url)) return 'verification';
  if (AFFIXING.test(url)) return 'affixing';
  if (TICKET.test(url)) return 'ticket';
  return SELLING.test(url) ? 'order' : 'bulk';
}

/** Whether nobody is answered anything but a refusal without credentials. */
export function needsCredentials(work: WorkClass, url: string): boolean {
  switch (work) {
    case 'health':
    case 'log':
      return false;
    case 'look-up':
      return OWN.test(url);
    case 'ticket':
    case 'verification':
    case 'affixing':
    case 'order':
    case 'walk-in':
    case 'bulk':
      return true;
  }
}
