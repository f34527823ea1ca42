import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';

/** Claims, where undefined takes one away. */
type Changes = { readonly [Claim in keyof JWTPayload]: JWTPayload[Claim] | undefined };

export const AUDIENCE = 'stamp-ledger';

/** An identity provider on loopback: it publishes its keys and signs whatever a test asks for. */
export async function openIdentityProvider() {
  const algorithm = 'ES256';
  const { publicKey, privateKey } = await generateKeyPair(algorithm);
  const stranger = await generateKeyPair(algorithm);
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'first', alg: algorithm, use: 'sig' }] };
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(keys));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const now = (): number => Math.floor(Date.now() / 1000);

  const claims = (changes: Changes): JWTPayload =>
    JSON.parse(
      JSON.stringify({
        iss: issuer,
        aud: AUDIENCE,
        sub: 'service-1',
        iat: now(),
        exp: now() + 300,
        ...changes,
      }),
    );
  const signed = (payload: JWTPayload, key: CryptoKey, header: object = {}): Promise<string> =>
    new SignJWT(payload)
      .setProtectedHeader({ alg: algorithm, kid: 'first', typ: 'at+jwt', ...header })
      .sign(key);
  return {
    issuer,
    jwksUrl: new URL('/keys', issuer),
    /** How often the keys were fetched. */
    asked: () => asked,
    /** A good token, but for the changes. */
    token: (changes: Changes = {}, header: object = {}) => signed(claims(changes), privateKey, header),
    /** Signed by somebody else under the same key id. */
    forged: (changes: Changes = {}) => signed(claims(changes), stranger.privateKey),
    unsigned: (changes: Changes = {}) => new UnsecuredJWT(claims(changes)).encode(),
    /** The public key taken for an HMAC secret: the classic confusion of algorithms. */
    confused: async (changes: Changes = {}) =>
      new SignJWT(claims(changes))
        .setProtectedHeader({ alg: 'HS256', kid: 'first' })
        .sign(new TextEncoder().encode(JSON.stringify(keys.keys[0]).padEnd(32, ' '))),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

export type IdentityProvider = Awaited<ReturnType<typeof openIdentityProvider>>;
