/**
 * What a request is to the gate, the most important first. The first three never wait for the work of the others;
 * the rest share what the ledger can make durable.
 */
export const WORK_CLASSES = [
  'health',
  'log',
  'look-up',
  'verification',
  'affixing',
  'order',
  'bulk',
] as const;
export type WorkClass = (typeof WORK_CLASSES)[number];

const HEALTH = /^\/(?:livez|readyz|metrics)(?:\?|$)/;
const OUTSIDE = /^\/(?:log\/|openapi\.json|docs|problems\/)/;
/** One stamp, its proof, one order, one place in the queue: cheap, and what a person is waiting for. */
const LOOK_UP = /^\/v1\/(?:stamps\/[^/?]*(?:\/proof)?(?:\?|$)|orders\/|queue\/)/;
const AFFIXING = /^\/v1\/stamps\/[^/?]*\/(?:affixation|reservation|outcome|outcome-unknown)(?:\?|$)/;
const SELLING = /^\/v1\/(?:orders|queue|stamps\/[^/?]*\/(?:sale|void))(?:[/?]|$)/;
const VERIFYING = /^\/v1\/verifications(?:\?|$)/;

/** By method and path alone: nothing else of the request has been looked at yet. */
export function workClassOf(method: string, url: string): WorkClass {
  if (method === 'GET' || method === 'HEAD') {
    if (LOOK_UP.test(url)) return 'look-up';
    if (HEALTH.test(url)) return 'health';
    return OUTSIDE.test(url) ? 'log' : 'bulk';
  }
  if (VERIFYING.test(url)) return 'verification';
  if (AFFIXING.test(url)) return 'affixing';
  return SELLING.test(url) ? 'order' : 'bulk';
}
