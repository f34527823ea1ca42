import { fresh, mintStamps, RUPIAH_10000, type World } from '../../world.js';
import { atFault, bad, type Case } from './case.js';

/** Batches, allocations and incidents that cannot be. */
export async function batchCases({ call }: World): Promise<Case[]> {
  const [existing = ''] = await mintStamps(call, 1);
  const unused = `Y${existing.slice(1)}`;
  const fine = { denomination: RUPIAH_10000, quantity: 2, series: 'TEST-2024' };
  const batchId = `b-${fresh()}`;
  await call('/v1/batches', { body: { ...fine, batchId }, headers: { prefer: 'wait=20' } });
  const batch = (what: string, change: object, answer: string, errors?: Case['errors']): Case =>
    bad(what, '/v1/batches', { body: { ...fine, ...change } }, answer, errors);
  return [
    batch('a batch of 0', { quantity: 0 }, ...atFault('#/quantity')),
    batch('a batch of 10^9', { quantity: 1e9 }, ...atFault('#/quantity')),
    batch('a batch of 1.5', { quantity: 1.5 }, ...atFault('#/quantity')),
    batch('a batch of a word', { quantity: '2' }, ...atFault('#/quantity')),
    batch('a serial twice in a batch', { serials: [unused, unused] }, '422 duplicate-serial'),
    batch('a serial that exists', { quantity: 1, serials: [existing] }, '409 serial-exists'),
    batch('fewer serials than the quantity', { serials: [unused] }, '422 serials-quantity-mismatch'),
    batch(
      'a wrong check character',
      { quantity: 1, serials: ['STMP000000000000000000'] },
      '400 malformed-serial',
    ),
    batch(
      'a serial in lower case',
      { quantity: 1, serials: [unused.toLowerCase()] },
      ...atFault('#/serials/0'),
    ),
    batch('an unknown currency', { denomination: { amount: '1', currency: 'ZZZ' } }, '422 unknown-currency'),
    batch('an unknown member', { colour: 'red' }, ...atFault('#/colour')),
    batch('a batch id with other terms', { batchId, quantity: 3 }, '409 batch-exists'),
    ...allocationCases(),
    ...(await incidentCases(call)),
  ];
}

function allocationCases(): Case[] {
  const allocation = (what: string, change: object, answer: string, errors?: Case['errors']): Case => {
    const body = { channel: 'kantorpos', denomination: RUPIAH_10000, quantity: 1, ...change };
    return bad(what, '/v1/allocations', { body }, answer, errors);
  };
  return [
    allocation('more than is in stock', { quantity: 1_000_000 }, '409 insufficient-stock'),
    allocation("the issuer's own channel", { channel: 'direct' }, '422 channel-not-allocatable'),
    allocation('a channel in capitals', { channel: 'KantorPos' }, ...atFault('#/channel')),
  ];
}

async function incidentCases(call: World['call']): Promise<Case[]> {
  const incidentId = `i-${fresh()}`;
  const closure = `/v1/incidents/${incidentId}/closure`;
  await call('/v1/incidents', { body: { incidentId, title: 'x' } });
  await call(closure, { body: { summary: 'over' } });
  const running = `i-${fresh()}`;
  const startedAt = '2024-09-05T02:00:00Z';
  await call('/v1/incidents', { body: { incidentId: running, title: 'x', startedAt } });
  const never = { body: { title: 'x', startedAt: '2024-02-30T00:00:00Z' } };
  return [
    bad('closing an unknown incident', '/v1/incidents/nobody/closure', { body: {} }, '404 unknown-incident'),
    bad('closing with other words', closure, { body: { summary: 'not over' } }, '409 incident-closed'),
    bad(
      'an incident id with other terms',
      '/v1/incidents',
      { body: { incidentId, title: 'y' } },
      '409 incident-exists',
    ),
    bad(
      'an incident that ends before it begins',
      `/v1/incidents/${running}/closure`,
      { body: { endedAt: '2024-09-05T01:59:59Z' } },
      '422 incident-ends-before-start',
    ),
    bad('a time that is none', '/v1/incidents', never, ...atFault('#/startedAt')),
  ];
}
