import { sha256Hex } from '@stamp-ledger/codec';
import type { Channel } from '@stamp-ledger/domain';
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
} from 'jose';
import { Latest } from '../latest.js';
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
  /** Signed by somebody else. Apart from the good ones, which a flood of these must not push out. */
  const forged = tokenCache(HTTP_LIMITS.cachedTokens);

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

  /** What can be told without verifying anything. */
  const known = (token: string): Authentication | undefined => {
    const hash = sha256Hex(token);
    const now = Date.now();
    const answer = verified.get(hash, now) ?? forged.get(hash, now);
    return answer ?? (mayBeGood(token, { issuer, audience, now }) ? undefined : REFUSED);
  };

  return {
    glance(header) {
      const token = bearerToken(header, HTTP_LIMITS.tokenCharacters);
      const answer = token === undefined ? REFUSED : known(token);
      if (answer === undefined) return 'unknown';
      return answer.ok ? 'good' : 'bad';
    },
    async authenticate(header) {
      const token = bearerToken(header, HTTP_LIMITS.tokenCharacters);
      if (token === undefined) return REFUSED;
      const answer = known(token);
      if (answer !== undefined) return answer;
      try {
        return await verify(token);
      } catch (error) {
        // Of all faults the one that no time and no other key of the provider's mends: but for a key that kept its id.
        if (error instanceof errors.JWSSignatureVerificationFailed)
          forged.put(sha256Hex(token), REFUSED, Date.now() + HTTP_LIMITS.forgedTokenMilliseconds);
        return isRefusal(error) ? REFUSED : { ok: false, unavailable: true };
      }
    },
  };
}

/** Whether a token at least claims to be for this service, and for now: to see that costs far less than a signature. */
function mayBeGood(
  token: string,
  { issuer, audience, now }: { readonly issuer: string; readonly audience: string; readonly now: number },
): boolean {
  if (!SIGNED_JWT.test(token)) return false;
  try {
    const { alg } = decodeProtectedHeader(token);
    const { iss, aud, exp } = decodeJwt(token);
    return (
      alg !== undefined &&
      ALGORITHMS.includes(alg) &&
      iss === issuer &&
      (Array.isArray(aud) ? aud.includes(audience) : aud === audience) &&
      typeof exp === 'number' &&
      exp > now / 1_000 - HTTP_LIMITS.clockSkewSeconds
    );
  } catch {
    return false;
  }
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

/** Bounded memory of tokens by their hash. */
function tokenCache(capacity: number) {
  const entries = new Latest<string, { readonly answer: Authentication; readonly expires: number }>(capacity);
  return {
    get(hash: string, now: number): Authentication | undefined {
      const entry = entries.get(hash);
      if (entry === undefined || entry.expires > now) return entry?.answer;
      entries.delete(hash);
      return undefined;
    },
    put: (hash: string, answer: Authentication, expires: number): void =>
      entries.set(hash, { answer, expires }),
  };
}
