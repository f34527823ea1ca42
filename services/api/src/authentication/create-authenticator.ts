import { createAdminTokenAuthenticator } from './admin-token.js';
import type { Authenticator } from './authenticator.js';
import { createOidcAuthenticator } from './oidc.js';

/** How callers prove who they are: an identity provider, or the local administrator's token. */
export type Identity =
  | { readonly kind: 'local' }
  | { readonly kind: 'oidc'; readonly issuer: string; readonly audience: string; readonly jwksUrl: string };

/** `adminToken` is needed when there is no identity provider. */
export function createAuthenticator(identity: Identity, adminToken: string | undefined): Authenticator {
  if (identity.kind === 'oidc') {
    const { issuer, audience, jwksUrl } = identity;
    return createOidcAuthenticator({ issuer, audience, jwksUrl: new URL(jwksUrl) });
  }
  if (adminToken === undefined) throw new Error('neither an identity provider nor an administrator token');
  return createAdminTokenAuthenticator(adminToken);
}
