import type { Channel } from '@stamp-ledger/domain';

/** What a token may allow. */
export type Scope = 'issue' | 'read' | 'sell' | 'affix' | 'verify' | 'audit' | 'subscribe' | 'operate';

export interface Principal {
  /** Opaque reference to who acts; recorded with every event. */
  readonly subject: string;
  readonly scopes: ReadonlySet<string> | 'all';
  /** The only channel that it may touch. */
  readonly channel?: Channel;
}

export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  /** `unavailable`: the identity provider did not answer; nothing is said about the token. */
  | { readonly ok: false; readonly unavailable?: true };

/** What credentials are found to be at a glance: `unknown` has to be verified. */
export type Worth = 'good' | 'bad' | 'unknown';

export interface Authenticator {
  /** Cheap and at once, for who has to decide before anything is verified. */
  glance(header: string | undefined): Worth;
  /** Never rejects. `header` is the value of `Authorization`. */
  authenticate(header: string | undefined): Authentication | Promise<Authentication>;
}

export const REFUSED: Authentication = { ok: false };

const BEARER = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/** The token of a bearer credential (RFC 6750), or undefined. */
export function bearerToken(header: string | undefined, characters: number): string | undefined {
  if (header === undefined || header.length > characters + 'bearer '.length) return undefined;
  return BEARER.exec(header)?.[1];
}
