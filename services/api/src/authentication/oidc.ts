import { sha256Hex } from '@stamp-ledger/codec';
import type { Channel } from '@stamp-ledger/domain';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { HTTP_LIMITS } from '../limits.js';
import {
  type Authentication,
  type Authenticator,
  bearerToken,
  type Principal,
  REFUSED,
} from './authenticator.js';

export interface OidcSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: URL;
}

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const TOKEN_TYPES = new Set(['jwt', 'at+jwt', 'application/at+jwt']);
const SIGNED_JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const CHANNEL = /^[a-z0-9][a-z0-9-]{0,63}$/;
const SUBJECT_CHARACTERS = 256;

/** Bearer tokens of an OpenID Connect identity provider: signed JWTs for this audience, checked against its JWKS. */
export function createOidcAuthenticator({ issuer, audience, jwksUrl }: OidcSettings): Authenticator {
  const keys = createRemoteJWKSet(jwksUrl, { timeoutDuration: 5_000, cooldownDuration: 10_000 });
  const verified = tokenCache(HTTP_LIMITS.cachedTokens);

  const verify = async (token: string): Promise<Authentication> => {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: HTTP_LIMITS.clockSkewSeconds,
      requiredClaims: ['exp', 'sub'],
    });
    const type = protectedHeader.typ?.toLowerCase();
    const principal = type === undefined || TOKEN_TYPES.has(type) ? principalOf(payload) : undefined;
    if (principal === undefined) return REFUSED;
    const accepted: Authentication = { ok: true, principal };
    verified.put(sha256Hex(token), accepted, (payload.exp ?? 0) * 1000);
    return accepted;
  };

  return {
    glance(header) {
      const token = bearerToken(header, HTTP_LIMITS.tokenCharacters);
      if (token === undefined || !SIGNED_JWT.test(token)) return 'bad';
      return verified.get(sha256Hex(token), Date.now()) === undefined ? 'unknown' : 'good';
    },
    async authenticate(header) {
      const token = bearerToken(header, HTTP_LIMITS.tokenCharacters);
      if (token === undefined) return REFUSED;
      const known = verified.get(sha256Hex(token), Date.now());
      if (known !== undefined) return known;
      try {
        return await verify(token);
      } catch (error) {
        return isRefusal(error) ? REFUSED : { ok: false, unavailable: true };
      }
    },
  };
}

/** True when the token is at fault; otherwise its keys could not be had. */
function isRefusal(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC';
}

function principalOf(payload: JWTPayload): Principal | undefined {
  const { sub, scope, channel } = payload;
  if (typeof sub !== 'string' || !isSubject(sub)) return undefined;
  const scopes = new Set(typeof scope === 'string' ? scope.split(' ').filter((word) => word !== '') : []);
  if (channel === undefined) return { subject: sub, scopes };
  if (typeof channel !== 'string' || !CHANNEL.test(channel)) return undefined;
  return { subject: sub, scopes, channel: channel as Channel };
}

/** Names nobody else: the ledger's own processes act under names that begin with `ledger:`. */
const isSubject = (sub: string): boolean =>
  sub !== '' && sub.length <= SUBJECT_CHARACTERS && sub.isWellFormed() && !sub.startsWith('ledger:');

/** Bounded memory of verified tokens by their hash; the oldest leaves first. */
function tokenCache(capacity: number) {
  const entries = new Map<string, { readonly answer: Authentication; readonly expires: number }>();
  return {
    get(hash: string, now: number): Authentication | undefined {
      const entry = entries.get(hash);
      if (entry === undefined || entry.expires > now) return entry?.answer;
      entries.delete(hash);
      return undefined;
    },
    put(hash: string, answer: Authentication, expires: number): void {
      const oldest = entries.size >= capacity ? entries.keys().next() : undefined;
      if (oldest?.done === false) entries.delete(oldest.value);
      entries.set(hash, { answer, expires });
    },
  };
}
