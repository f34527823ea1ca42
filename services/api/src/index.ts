export { type Api, type ApiDependencies, createApi } from './api.js';
export { createAdminTokenAuthenticator } from './authentication/admin-token.js';
export type { Authentication, Authenticator, Principal, Scope } from './authentication/authenticator.js';
export { createAuthenticator, type Identity } from './authentication/create-authenticator.js';
export { createOidcAuthenticator, type OidcSettings } from './authentication/oidc.js';
export { HTTP_LIMITS, type HttpLimits } from './limits.js';
export { PROBLEMS, type ProblemKind, type ProblemName } from './problems/table.js';
export * from './start-api.js';
