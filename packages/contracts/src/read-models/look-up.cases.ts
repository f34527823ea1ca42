import assert from 'node:assert/strict';
import { deriveCommandId, type LedgerEvent } from '@stamp-ledger/codec';
import {
  type AllocationId,
  type Channel,
  DIRECT_CHANNEL,
  type EventType,
  type IncidentId,
  type Instant,
  type OpeningId,
  type StockPolicyId,
} from '@stamp-ledger/domain';
import type { EventFilter } from '@stamp-ledger/ports';
import { orderIdOf } from './dump.js';
import { type BenchCase, present } from './harness.js';
import { playSample } from './random-history.js';
import { CHANNELS, documentOf, mint, ORDERS, RUPIAH, serialOf, World } from './world.js';

const stampView: BenchCase = {
  name: 'a stamp shows what a verifier may know of its life',
  async run(bench) {
    const world = new World(bench.log);
    const serial = serialOf(0);
    const circumstances = { occurredAt: '2024-09-05T12:00:00.000Z' as Instant };
    mint(world, 0);
    const mintedAt = world.now;
    world.stamp(serial, { kind: 'sell', channel: DIRECT_CHANNEL, holder: 'holder-1' }, circumstances);
    world.stamp(serial, { kind: 'affix', document: documentOf(1), at: world.now });
    const check = {
      kind: 'record-verification',
      serial,
      verdict: 'genuine',
      reasons: [],
    } as const;
    world.stamp(serial, check, { actor: 'bank' });
    world.pass(7);
    world.stamp(serial, check, { actor: 'agency' });
    await bench.deliver();
    assert.deepEqual(await bench.queries.stamp(serial), {
      serial,
      state: 'affixed',
      revision: 4,
      batchId: 'batch-a',
      series: 'series-1',
      denomination: RUPIAH,
      channel: DIRECT_CHANNEL,
      mintedAt,
      soldAt: circumstances.occurredAt,
      affixedAt: mintedAt,
      document: { sha256: documentOf(1).sha256, type: 'letter' },
      verifications: { count: 2, lastAt: world.now, lastActor: 'agency', severalActors: true },
    });
  },
};

const unknown: BenchCase = {
  name: 'a serial that was verified before anybody minted it is unknown, and counts nowhere',
  async run(bench) {
    const world = new World(bench.log);
    const serial = serialOf(3);
    const check = {
      kind: 'record-verification',
      serial,
      verdict: 'not-genuine',
      reasons: ['unknown-serial'],
    } as const;
    world.stamp(serial, check, { actor: 'bank' });
    await bench.deliver();
    const verifications = { count: 1, lastAt: world.now, lastActor: 'bank', severalActors: false };
    assert.deepEqual(await bench.queries.stamp(serial), {
      serial,
      state: 'unknown',
      revision: 0,
      verifications,
    });
    assert.deepEqual((await bench.queries.inventory({})).groups, []);
    mint(world, 3);
    await bench.deliver();
    const view = present(await bench.queries.stamp(serial));
    assert.deepEqual([view.state, view.revision, view.verifications], ['minted', 1, verifications]);
    const [group] = (await bench.queries.conservation()).groups;
    assert.deepEqual([group?.minted, group?.inStock, group?.difference], [1, 1, 0]);
    assert.equal(await bench.queries.stamp(serialOf(4)), undefined);
  },
};

const channelOf = (event: LedgerEvent): string | undefined =>
  'channel' in event.data ? event.data.channel : undefined;
const holderOf = (event: LedgerEvent): string | undefined =>
  'holder' in event.data ? event.data.holder : undefined;
const documentOfEvent = (event: LedgerEvent): string | undefined =>
  'document' in event.data ? event.data.document?.sha256 : undefined;

function matches(event: LedgerEvent, filter: EventFilter): boolean {
  const { recordedAt, commandId, correlationId, backfill } = event.metadata;
  return (
    (filter.channel === undefined || channelOf(event) === filter.channel) &&
    (filter.holder === undefined || holderOf(event) === filter.holder) &&
    (filter.orderId === undefined || orderIdOf(event) === filter.orderId) &&
    (filter.documentSha256 === undefined || documentOfEvent(event) === filter.documentSha256) &&
    (filter.commandId === undefined || commandId === filter.commandId) &&
    (filter.correlationId === undefined || correlationId === filter.correlationId) &&
    (filter.incidentId === undefined || backfill?.incidentId === filter.incidentId) &&
    (filter.types === undefined || filter.types.includes(event.type)) &&
    (filter.from === undefined || recordedAt >= filter.from) &&
    (filter.to === undefined || recordedAt < filter.to)
  );
}

const LATER = '2024-12-31T00:00:00.000Z' as Instant;
const LATE = { incidentId: 'incident-1', source: 'journal', evidenceSha256: documentOf(0).sha256 };

function filtersFor(events: readonly LedgerEvent[]): EventFilter[] {
  const times = events.map(({ metadata }) => metadata.recordedAt as Instant).toSorted();
  const [from, to] = [
    present(times[Math.floor(times.length / 3)]),
    present(times[Math.floor(times.length / 2)]),
  ];
  const channel = CHANNELS[0] as Channel;
  const first = present(events[events.length >> 1]);
  return [
    {},
    { from },
    { to },
    { from, to },
    { from: to, to: from },
    { channel },
    { channel, from, to },
    { holder: 'holder-1' },
    { holder: 'holder-1', channel },
    { orderId: present(ORDERS[0]) },
    { orderId: present(ORDERS[0]), holder: 'holder-0' },
    { documentSha256: documentOf(0).sha256 },
    { documentSha256: documentOf(0).sha256, from },
    { commandId: first.metadata.commandId as never },
    { correlationId: first.metadata.correlationId },
    { correlationId: deriveCommandId('the sale') },
    { commandId: deriveCommandId('never given') },
    { incidentId: LATE.incidentId as IncidentId },
    { incidentId: LATE.incidentId as IncidentId, types: ['StampMinted'] },
    { types: ['StampSold', 'StampVerified'], from },
    { types: ['IncidentClosed'], channel },
  ];
}

const found: BenchCase = {
  name: 'events are found by everything they can be found by, page by page',
  async run(bench) {
    const world = new World(bench.log);
    playSample(world, { length: 1_500 });
    mint(world, 30);
    for (const name of ['one', 'two'])
      world.stamp(
        serialOf(30),
        { kind: 'record-verification', serial: serialOf(30), verdict: 'undetermined', reasons: [] },
        { command: name, correlation: 'the sale', backfill: LATE },
      );
    await bench.deliverInBatches(90);
    for (const filter of filtersFor(bench.log.events)) {
      const expected = bench.log.events
        .filter((event) => matches(event, filter))
        .map(({ position, stream, revision, type, metadata: { recordedAt, occurredAt } }) => ({
          position,
          stream,
          revision,
          type,
          recordedAt,
          occurredAt,
        }));
      const all = await bench.queries.findEvents(filter, { limit: 1_000 });
      assert.deepEqual(all, expected, JSON.stringify(filter));
      const counts = new Map<EventType, number>();
      for (const { type } of expected) counts.set(type, (counts.get(type) ?? 0) + 1);
      assert.deepEqual(
        await bench.queries.countEvents(filter),
        [...counts]
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([type, count]) => ({ type, count })),
      );
      const half = expected[expected.length >> 1];
      if (half === undefined) continue;
      const rest = await bench.queries.findEvents(filter, { limit: 3, after: half.position });
      assert.deepEqual(rest, expected.slice((expected.length >> 1) + 1).slice(0, 3));
    }
  },
};

const besides: BenchCase = {
  name: 'what is about waiting rooms and stock policies moves the models on, counts nothing and is found',
  async run(bench) {
    const world = new World(bench.log);
    mint(world, 0);
    const channel = CHANNELS[0] as Channel;
    const policy = {
      policyId: 'policy-1' as StockPolicyId,
      channel,
      denomination: RUPIAH,
      lowBelow: 5,
    };
    world.stockPolicy({ kind: 'set', ...policy });
    const seen = {
      kind: 'observe',
      policy,
      issuerStock: 1,
      isRefilling: false,
      allocationId: 'refill-1' as AllocationId,
      atMilliseconds: 0,
    } as const;
    world.stockLevel({ ...seen, inStock: 0 });
    const opening = { openingId: 'opening-1' as OpeningId, opensAt: LATER, ticketsFrom: world.now };
    world.queue({ kind: 'announce', at: world.now, ...opening });
    world.stockLevel({ ...seen, inStock: 5 });
    await bench.deliverInBatches(2);
    const { asOf, groups } = await bench.queries.inventory({});
    assert.equal(asOf.position, bench.log.events.at(-1)?.position);
    assert.deepEqual(
      groups.map(({ inStock }) => inStock),
      [1],
    );
    assert.deepEqual(
      (await bench.queries.findEvents({ channel }, { limit: 10 })).map(({ type }) => type),
      ['StockPolicySet', 'StockRanLow', 'StockRecovered'],
    );
    assert.deepEqual(
      (await bench.queries.findEvents({ types: ['OpeningAnnounced'] }, { limit: 10 })).map(
        ({ stream }) => stream,
      ),
      ['queue-orders'],
    );
  },
};

export const LOOK_UP_CASES: readonly BenchCase[] = [stampView, unknown, found, besides];
