import type { Exchange, Services } from './exchange.js';
import { preferredWait } from './request/prefer.js';

/**
 * Honours `Prefer: wait=N`: waits for `settled` until then, until the client leaves or until the service stops.
 * Answers the header that says so; none when the client has no such preference.
 */
export async function waitAsPreferred(
  { limits, draining, gate }: Services,
  exchange: Exchange,
  settled: (signal: AbortSignal) => Promise<void>,
): Promise<Record<string, string>> {
  const seconds = preferredWait(exchange.request.headers.prefer, limits.waitSeconds);
  if (seconds === 0) return {};
  gate.leave(exchange.request);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), seconds * 1000);
  try {
    await settled(AbortSignal.any([late.signal, exchange.gone, draining]));
  } finally {
    clearTimeout(timer);
  }
  return { 'preference-applied': `wait=${seconds}` };
}
