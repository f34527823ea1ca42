import type { World } from './world.js';

/** Serials that nobody minted, presented with some document: each is recorded, none may pass. */
export function startForgeries(world: World): void {
  world.plan.forgeries.forEach(({ at, serial }, index) => {
    world.live(`forgery ${serial}`, () => presentForgery(world, at, serial, index));
  });
}

async function presentForgery(world: World, at: number, serial: string, index: number): Promise<void> {
  const { client, facts, faults, figures } = world;
  const sha256 = index.toString(16).padStart(64, '0');
  const answer = await world.call('verify', at, () =>
    client.stamps.verify(serial, sha256, { key: `forgery-${index}` }),
  );
  facts.add(answer, `stamp-${serial}`, 'StampVerified');
  figures.count('forged serials caught');
  const { verdict, reasons } = answer.body;
  faults.expect(
    verdict === 'not-genuine' && reasons.includes('unknown-serial'),
    () => `forged serial ${serial} was called ${verdict} (${reasons.join(', ')})`,
  );
}
