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
  const forged = `Bearer ${await provider.forged()}`;
  await oidc.authenticate(forged);
  t.equal(oidc.glance(forged), 'unknown');
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
