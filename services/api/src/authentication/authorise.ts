import type { Exchange, Services } from '../exchange.js';
import { retryAfter } from '../problems/failures.js';
import { RequestProblem } from '../problems/problem.js';
import type { Scope } from './authenticator.js';

/** Scopes whose tokens act for one channel each. */
const CHANNEL_SCOPES: ReadonlySet<Scope> = new Set(['sell', 'affix']);

/** Finds out who asks and whether the token allows it; throws a RequestProblem when not. */
export async function authorise(
  { authenticator, gate, limits }: Services,
  exchange: Exchange,
  scope: Scope,
): Promise<void> {
  const result = await authenticator.authenticate(exchange.request.headers.authorization);
  if (!result.ok) {
    if (result.unavailable === true)
      throw new RequestProblem('identity-provider-unavailable', { headers: retryAfter(limits) });
    throw new RequestProblem('unauthenticated', { headers: { 'www-authenticate': challenge(exchange) } });
  }
  await gate.verified(exchange.request);
  const { principal } = result;
  exchange.principal = principal;
  if (principal.scopes === 'all') return;
  if (!principal.scopes.has(scope))
    throw new RequestProblem('insufficient-scope', {
      detail: `This call needs the scope ${scope}.`,
      headers: {
        'www-authenticate': `Bearer realm="stamp-ledger", error="insufficient_scope", scope="${scope}"`,
      },
    });
  if (CHANNEL_SCOPES.has(scope) && principal.channel === undefined)
    throw new RequestProblem('channel-required');
}

/** RFC 6750: no error code for a request that did not even try. */
const challenge = ({ request }: Exchange): string =>
  request.headers.authorization === undefined
    ? 'Bearer realm="stamp-ledger"'
    : 'Bearer realm="stamp-ledger", error="invalid_token"';
