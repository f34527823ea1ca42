import { createHash } from 'node:crypto';
import { createTopics } from '@stamp-ledger/kafka';
import { Kafka as KafkaClient, logLevel } from 'kafkajs';
import t, { type Test } from 'tap';
import { startDistributedLedger, startEngines } from '../support/distributed.js';
import { eventually } from '../support/eventually.js';
import { type Caller, caller } from '../support/http.js';
import { noteEnds } from '../support/note-ends.js';
import { readTopic } from './topic-check.js';

t.setTimeout(600_000);

const SOON = 60_000;
const PATIENCE_SECONDS = 10;
const STAMPS = 60;
const DENOMINATION = { amount: '10000', currency: 'IDR' };
const STAMP_TOPIC = 'ledger.stamps';

/**
 * One ledger of real engines, which go away one after another. What goes on without each is what ARCHITECTURE.md says;
 * whatever was accepted meanwhile is everywhere afterwards.
 */
t.test('engines that are away one at a time', async (t) => {
  const engines = await startEngines();
  t.teardown(() => engines.stop());
  const ledger = await startDistributedLedger(engines, 1);
  t.teardown(() => ledger.stop());
  const call = caller(ledger.urls[0] ?? '', ledger.token);
  const service = (name: string) => {
    const found = ledger.services.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };
  const becomes = async (expected: Readonly<Record<string, boolean>>, what: string): Promise<void> => {
    for (const [name, isReady] of Object.entries(expected))
      await eventually(async () => (await readiness(service(name).url)).isReady === isReady, {
        what: `${what} the ${name} is ${isReady ? '' : 'not '}ready`,
        milliseconds: SOON,
      });
  };
  const ALL_READY = { relay: true, projections: true, fulfilment: true, api: true };
  /** Stops services as an operator would, and says how they ended. */
  const drain = async (t: Test, ...names: readonly string[]): Promise<void> => {
    for (const name of names) t.equal(await service(name).stop(), 0, `the ${name} drains`);
  };
  const startAgain = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) await service(name).start();
  };
  await becomes(ALL_READY, 'at the start');
  const serials = await stockedChannel(call);
  const sold = await fulfilled(call, await placed(t, call, 'before'));

  await t.test('without Kafka commands and strong reads go on, and all of it arrives later', async (t) => {
    await engines.kafka.kill();
    const orderId = await placed(t, call, 'without Kafka');
    await affixes(t, call, sold[0] ?? '');
    await becomes({ relay: false, projections: false, fulfilment: true, api: true }, 'without Kafka');
    await drain(t, 'relay', 'projections');
    await startAgain('relay', 'projections');
    await becomes({ relay: false, projections: false }, 'started without Kafka');
    // For longer than kafkajs asks by itself.
    await eventually(async () => (await silentSeconds(service('projections').url)) > PATIENCE_SECONDS, {
      what: 'projections that wait for Kafka',
      milliseconds: SOON,
    });
    await engines.kafka.start();
    await readModelSays(call, sold[0] ?? '', 'affixed');
    t.equal((await fulfilled(call, orderId)).length, 2, 'the order was fulfilled');
    await becomes(ALL_READY, 'with Kafka again');
  });

  await t.test('without PostgreSQL commands and look-ups go on, and all of it arrives later', async (t) => {
    await engines.postgres.crash();
    const orderId = await placed(t, call, 'without PostgreSQL');
    await affixes(t, call, sold[1] ?? '');
    const view = await call(`/v1/stamps/${sold[1]}`, { token: null });
    t.equal(view.status, 200, 'the stream answers in place of the read model');
    t.equal(view.json.state, 'affixed');
    const report = await call('/v1/audit/conservation');
    t.equal(report.status, 503, 'a report needs the read models');
    t.match(report.headers.get('retry-after'), /^\d+$/);
    await becomes(
      { relay: true, projections: false, fulfilment: false, api: true },
      'without PostgreSQL, which it can do without, or not,',
    );
    await drain(t, 'fulfilment', 'api', 'projections');
    await startAgain('fulfilment', 'api', 'projections');
    await becomes({ fulfilment: false, projections: false, api: true }, 'started without PostgreSQL');
    const strong = await call(`/v1/stamps/${sold[1]}?consistency=strong`, { token: null });
    t.equal(strong.status, 200, 'an API that was started without PostgreSQL answers');
    for (const name of ['fulfilment', 'projections'])
      t.match((await readiness(service(name).url)).failing, ['PostgreSQL has not answered yet'], name);
    await engines.postgres.restart();
    await readModelSays(call, sold[1] ?? '', 'affixed');
    t.equal((await fulfilled(call, orderId)).length, 2, 'the order was fulfilled');
    await becomes(ALL_READY, 'with PostgreSQL again');
  });

  await t.test('without EventStoreDB commands are refused, and look-ups say how old they are', async (t) => {
    await engines.eventStore.kill();
    const key = 'without-the-log';
    const refused = await place(call, key);
    t.equal(refused.status, 503);
    t.match(refused.headers.get('retry-after'), /^\d+$/);
    t.match(refused.json.type, /^\/problems\//);
    const age = async (): Promise<number> => {
      const { status, json } = await call(`/v1/stamps/${sold[1]}`, { token: null });
      t.equal(status, 200);
      return (json.asOf as { lagMilliseconds: number }).lagMilliseconds;
    };
    const first = await age();
    t.ok(first > 0, 'its staleness is shown');
    await eventually(async () => (await age()) > first, { what: 'a growing age', milliseconds: SOON });
    await becomes(
      { relay: false, projections: false, fulfilment: false, api: false },
      'without EventStoreDB',
    );
    await drain(t, 'relay', 'projections', 'fulfilment', 'api');
    await startAgain('relay', 'projections', 'fulfilment', 'api');
    t.equal((await place(call, 'without-the-log-2')).status, 503, 'an API started without the log refuses');
    t.equal((await call(`/v1/stamps/${sold[1]}`, { token: null })).status, 200, 'and answers look-ups');
    await engines.eventStore.start();
    // The same request again, as a client would: it is accepted once.
    const again = await eventually(
      async () => {
        const reply = await place(call, key);
        return reply.status === 202 && reply;
      },
      { what: 'commands are accepted again', milliseconds: SOON },
    );
    t.equal((await fulfilled(call, String(again.json.orderId))).length, 2);
    await becomes(ALL_READY, 'with EventStoreDB again');
  });

  await t.test('a relay that starts again goes on where it was', async (t) => {
    const before = await readTopic(engines.kafka.brokers[0] ?? '', STAMP_TOPIC);
    t.ok(before.messages >= STAMPS, 'the life of the stamps is on the topic');
    const relay = service('relay');
    t.equal(await relay.stop(), 0, 'it drains');
    await relay.start();
    await fulfilled(call, await placed(t, call, 'after a drain'));
    const drained = await readTopic(engines.kafka.brokers[0] ?? '', STAMP_TOPIC);
    t.equal(drained.repeated, before.repeated, 'nothing is published again after a drain');
    await relay.kill();
    await relay.start();
    await fulfilled(call, await placed(t, call, 'after a kill'));
    const killed = await readTopic(engines.kafka.brokers[0] ?? '', STAMP_TOPIC);
    t.ok(killed.repeated - drained.repeated <= 2, 'after a kill no more than the last page');
  });

  for (const [how, isStopped] of [
    ['while the projections go on', false],
    ['while the projections start again', true],
  ] as const)
    await t.test(`PostgreSQL loses its last commits ${how}, and nothing new comes`, async (t) => {
      const projections = service('projections');
      const goBack = await engines.postgres.keepCopy();
      const [serial = ''] = await fulfilled(call, await placed(t, call, `to be lost ${how}`));
      await affixes(t, call, serial);
      await readModelSays(call, serial, 'affixed');
      if (isStopped) {
        await projections.stop();
        await noteEnds(engines.kafka.brokers, 'ledger-projections');
      }
      await goBack();
      if (isStopped) await projections.start();
      await readModelSays(call, serial, 'affixed');
    });

  await t.test('Kafka loses what came after a copy of its data, and nobody is told', async (t) => {
    const goBack = await engines.kafka.keepCopy();
    const [serial = ''] = await fulfilled(call, await placed(t, call, 'Kafka to lose'));
    await affixes(t, call, serial);
    await readModelSays(call, serial, 'affixed');
    await goBack();
    // More than was lost, which thus takes the same offsets.
    let last = '';
    for (const key of ['after the loss', 'and more', 'and yet more'])
      [last = ''] = await fulfilled(call, await placed(t, call, key));
    await affixes(t, call, last);
    await readModelSays(call, last, 'affixed');
  });

  for (const [how, isStopped] of [
    ['under a running ledger', false],
    ['while the projections are stopped', true],
  ] as const)
    await t.test(`the topics are made anew ${how}`, async (t) => {
      if (isStopped) await drain(t, 'projections');
      await makeTopicsAnew(engines.kafka.brokers);
      const orderId = await placed(t, call, `topics made anew ${how}`);
      if (isStopped) {
        await becomes({ relay: true }, 'with new topics');
        await startAgain('projections');
      }
      const [serial = ''] = await fulfilled(call, orderId);
      await affixes(t, call, serial);
      await readModelSays(call, serial, 'affixed');
      await becomes(ALL_READY, 'with new topics');
    });

  await t.test('the read models are rebuilt beside the live ones by the projections service', async (t) => {
    const before = await call('/v1/audit/conservation');
    const started = await call('/v1/rebuilds', { body: {} });
    t.equal(started.status, 202);
    const rebuild = await eventually(
      async () => {
        const { json } = await call(`/v1/rebuilds/${started.json.rebuildId}`);
        return json.status === 'running' ? false : json;
      },
      { what: 'the rebuild', milliseconds: SOON },
    );
    t.equal(rebuild.status, 'done');
    const after = await call('/v1/audit/conservation');
    t.strictSame(after.json.groups, before.json.groups, 'the same report');
    t.equal((await call(`/v1/stamps/${serials[0]}`, { token: null })).status, 200);
    await fulfilled(call, await placed(t, call, 'after a rebuild'));
  });

  t.strictSame(
    await ledger.stop(),
    ledger.services.map(() => 0),
    'every service drains',
  );
});

/** As an operator would who has lost the volume of the bus. */
async function makeTopicsAnew(brokers: readonly string[]): Promise<void> {
  const admin = new KafkaClient({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.deleteTopics({
    topics: (await admin.listTopics()).filter((name) => name.startsWith('ledger.')),
  });
  await eventually(async () => (await admin.listTopics()).every((name) => !name.startsWith('ledger.')), {
    what: 'the deletion',
    milliseconds: SOON,
  });
  await admin.disconnect();
  await createTopics({ brokers });
}

async function readiness(url: string): Promise<{ isReady: boolean; failing: readonly unknown[] }> {
  const response = await fetch(`${url}/readyz`);
  const { failing = [] } = (await response.json()) as { failing?: readonly unknown[] };
  return { isReady: response.status === 200, failing };
}

async function silentSeconds(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^ledger_bus_silent_seconds (\S+)$/m.exec(metrics)?.[1]);
}

/** Mints stamps and gives them all to the channel; answers serials. */
async function stockedChannel(call: Caller): Promise<readonly string[]> {
  const batch = await call('/v1/batches', {
    body: { denomination: DENOMINATION, quantity: STAMPS, series: '2024' },
  });
  const is = (path: string, status: string): Promise<unknown> =>
    eventually(async () => (await call(path)).json.status === status, { what: path, milliseconds: SOON });
  await is(`/v1/batches/${batch.json.batchId}`, 'minted');
  const allocation = await call('/v1/allocations', {
    body: { channel: 'bank', denomination: DENOMINATION, quantity: STAMPS },
  });
  await is(`/v1/allocations/${allocation.json.allocationId}`, 'allocated');
  const page = await call('/v1/events?types=StampMinted&limit=10');
  return (page.json.events as { stream: string }[]).map(({ stream }) => stream.slice('stamp-'.length));
}

const place = (call: Caller, key: string) =>
  call('/v1/orders', {
    body: {
      channel: 'bank',
      holder: 'holder',
      denomination: DENOMINATION,
      quantity: 2,
      payment: {
        reference: `pay-${key}`,
        amount: '20000',
        currency: 'IDR',
        paidAt: '2024-09-06T13:00:00.000Z',
      },
    },
    key,
  });

/** Places a paid order of two stamps; answers its id. */
async function placed(t: Test, call: Caller, key: string): Promise<string> {
  const { status, json } = await place(call, key.replaceAll(' ', '-'));
  t.equal(status, 202, `an order ${key} is accepted`);
  return String(json.orderId);
}

const fulfilled = (call: Caller, orderId: string): Promise<readonly string[]> =>
  eventually(
    async () => {
      const { json } = await call(`/v1/orders/${orderId}`);
      return json.status === 'fulfilled' && (json.serials as readonly string[]);
    },
    { what: `order ${orderId}`, milliseconds: SOON },
  );

async function affixes(t: Test, call: Caller, serial: string): Promise<void> {
  const sha256 = createHash('sha256').update(serial).digest('hex');
  const { status } = await call(`/v1/stamps/${serial}/affixation`, {
    body: { document: { sha256, type: 'letter' } },
  });
  t.equal(status, 201, 'a stamp is affixed');
  const strong = await call(`/v1/stamps/${serial}?consistency=strong`, { token: null });
  t.equal(strong.status, 200);
  t.equal(strong.json.state, 'affixed', 'and a strong read sees it');
}

const readModelSays = (call: Caller, serial: string, state: string): Promise<unknown> =>
  eventually(
    async () => {
      const { json } = await call(`/v1/stamps/${serial}`, { token: null });
      return json.state === state && (json.asOf as { lagMilliseconds: number }).lagMilliseconds === 0;
    },
    { what: `${serial} is ${state} in the read models`, milliseconds: SOON },
  );
