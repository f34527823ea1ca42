import type { IncomingHttpHeaders } from 'node:http';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;
const NO_TRACE = '0'.repeat(32);

/** The client's own id of the request, when it is a UUID. */
export function clientRequestId(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['x-request-id'];
  return typeof id === 'string' && UUID.test(id) ? id.toLowerCase() : undefined;
}

/** The trace-id of a W3C `traceparent`, written as a UUID: it links events to the trace that caused them. */
export function traceId(headers: IncomingHttpHeaders): string | undefined {
  const parent = headers.traceparent;
  const trace = typeof parent === 'string' ? TRACE_PARENT.exec(parent)?.[1] : undefined;
  if (trace === undefined || trace === NO_TRACE) return undefined;
  return [
    trace.slice(0, 8),
    trace.slice(8, 12),
    trace.slice(12, 16),
    trace.slice(16, 20),
    trace.slice(20),
  ].join('-');
}
