import { hash, timingSafeEqual } from 'node:crypto';
import { HTTP_LIMITS } from '../limits.js';
import { type Authentication, type Authenticator, bearerToken, REFUSED } from './authenticator.js';

const digest = (token: string): Buffer => hash('sha256', token, 'buffer');

/** The local administrator's token, for a ledger without an identity provider: one secret with every scope. */
export function createAdminTokenAuthenticator(adminToken: string): Authenticator {
  const expected = digest(adminToken);
  const accepted: Authentication = { ok: true, principal: { subject: 'admin', scopes: 'all' } };
  const isGood = (header: string | undefined): boolean => {
    const token = bearerToken(header, HTTP_LIMITS.tokenCharacters);
    return token !== undefined && timingSafeEqual(digest(token), expected);
  };
  return {
    glance: (header) => (isGood(header) ? 'good' : 'bad'),
    authenticate: (header) => (isGood(header) ? accepted : REFUSED),
  };
}
