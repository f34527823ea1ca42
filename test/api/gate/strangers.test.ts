import { createAdminTokenAuthenticator, createOidcAuthenticator, Strangers } from '@stamp-ledger/api';
import t from 'tap';
import { AUDIENCE, openIdentityProvider } from '../identity-provider.js';

t.test('credentials at a glance', async (t) => {
  const admin = createAdminTokenAuthenticator('secret');
  t.equal(admin.glance('Bearer secret'), 'good');
  for (const bad of [undefined, '', 'Bearer other', 'Basic secret']) t.equal(admin.glance(bad), 'bad');

  const provider = await openIdentityProvider();
  t.teardown(() => provider.close());
  const { issuer, jwksUrl } = provider;
  const oidc = createOidcAuthenticator({ issuer, audience: AUDIENCE, jwksUrl });
  for (const bad of [undefined, 'Bearer opaque', `Bearer ${provider.unsigned()}`])
    t.equal(oidc.glance(bad), 'bad', 'no signature to verify');
  const good = `Bearer ${await provider.token()}`;
  t.equal(oidc.glance(good), 'unknown');
  await oidc.authenticate(good);
  t.equal(oidc.glance(good), 'good', 'once it was verified');

  const asked = provider.asked();
  for (const [what, token] of Object.entries({
    'another audience': provider.token({ aud: 'somebody-else' }),
    'none of several audiences': provider.token({ aud: ['somebody', 'else'] }),
    'another issuer': provider.token({ iss: 'http://127.0.0.1:1' }),
    expired: provider.token({ exp: Math.floor(Date.now() / 1_000) - 120 }),
    'no expiry': provider.token({ exp: undefined }),
    'another algorithm': provider.confused(),
    'no JSON inside': Promise.resolve('a.b.c'),
  })) {
    const header = `Bearer ${await token}`;
    t.equal(oidc.glance(header), 'bad', what);
    t.strictSame(await oidc.authenticate(header), { ok: false }, what);
  }
  t.equal(provider.asked(), asked);

  const forged = `Bearer ${await provider.forged()}`;
  t.equal(oidc.glance(forged), 'unknown');
  t.strictSame(await oidc.authenticate(forged), { ok: false });
  t.equal(oidc.glance(forged), 'bad', 'it is verified once');
  t.strictSame(await oidc.authenticate(forged), { ok: false });
  const several = `Bearer ${await provider.token({ aud: ['somebody', AUDIENCE] })}`;
  t.equal(oidc.glance(several), 'unknown');
  const later = `Bearer ${await provider.token({ nbf: Math.floor(Date.now() / 1_000) + 120 })}`;
  await oidc.authenticate(later);
  t.equal(oidc.glance(later), 'unknown', 'what may become good is asked about again');
});

t.test('strangers have a budget, and good credentials cost nothing of it', async (t) => {
  const strangers = new Strangers({ perSecond: 2, remembered: 10 }, 0);
  const unknown = { isHopeless: false, address: 'here' };
  const hopeless = { isHopeless: true, address: 'here' };
  t.strictSame(
    [0, 0, 0].map((now) => strangers.mayTry(hopeless, now)),
    [true, true, false],
  );
  t.strictSame(
    [0, 0, 0].map((now) => strangers.mayTry(unknown, now)),
    [true, true, false],
    'not with those',
  );
  t.equal(strangers.mayTry({ ...unknown, address: 'there' }, 0), true, 'another address has its own');
  strangers.foundGood('here', 0);
  t.equal(strangers.mayTry(unknown, 0), true);
  t.equal(strangers.mayTry(unknown, 0), false);
  t.equal(strangers.mayTry(hopeless, 500), true, 'so many a second');
});
