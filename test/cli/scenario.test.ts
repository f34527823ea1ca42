import {
  apportion,
  arrivalTimes,
  calendarTime,
  createRandom,
  DAY_WEIGHTS,
  dayAt,
  Heap,
  HOUR_WEIGHTS,
  lastDaysBegin,
  OpenLoop,
  PUBLIC_CHANNEL_NAMES,
  planScenario,
} from '@stamp-ledger/cli/demo';
import fc from 'fast-check';
import t from 'tap';

const sum = (numbers: readonly number[]) => numbers.reduce((left, right) => left + right, 0);
const OPTIONS = { orders: 20_000, milliseconds: 60_000, seed: 'test', burstStamps: 1_000 };

t.test('the published curve', async (t) => {
  t.equal(DAY_WEIGHTS.length, 22);
  t.equal(sum(DAY_WEIGHTS), 10_000);
  t.equal(sum(DAY_WEIGHTS.slice(-4)), 5_700, '57 % in the last four days');
  const peaks = [...DAY_WEIGHTS.keys()].filter((day) => (DAY_WEIGHTS[day] ?? 0) / 10_000 > 1 / 7);
  t.same(peaks, [17, 18], 'only 6 and 7 September are above a million of seven');
  t.equal(HOUR_WEIGHTS.length, 24);
  t.equal(sum(HOUR_WEIGHTS), 1_000);
  t.equal(sum(HOUR_WEIGHTS.slice(17, 23)), 600, '60 % in the six hours of the evening');
});

t.test('parts always add up exactly', async (t) => {
  fc.assert(
    fc.property(
      fc.nat(100_000),
      fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 50 }),
      (total, weights) => {
        const parts = apportion(total, weights);
        const exact = weights.map((weight) => (total * weight) / sum(weights));
        return sum(parts) === total && parts.every((part, index) => Math.abs(part - (exact[index] ?? 0)) < 1);
      },
    ),
  );
  t.pass();
});

t.test('arrivals: as many as asked for, in order, inside the time, most of them at the end', async (t) => {
  for (const total of [50, 400, 20_000]) {
    const times = arrivalTimes(total, 60_000, createRandom('a'));
    t.equal(times.length, total);
    t.ok(times.every((time, index) => time >= (times[index - 1] ?? 0)));
    t.ok(times.every((time) => time >= 0 && time < 60_000));
    const late = times.filter((time) => time >= lastDaysBegin(60_000)).length;
    t.ok(
      Math.abs(late / total - 0.57) <= 0.57 / Math.sqrt(total),
      `${late} of ${total} in the last four days`,
    );
  }
});

t.test('the calendar of 2024', async (t) => {
  t.equal(calendarTime(0, 60_000), '2024-08-19T17:00:00.000Z', '20 August, midnight in Jakarta');
  t.equal(calendarTime(60_000, 60_000), '2024-09-10T17:00:00.000Z', 'the end of 10 September');
  t.equal(dayAt(0, 60_000), 1);
  t.equal(dayAt(59_999, 60_000), 22);
  t.equal(dayAt(70_000, 60_000), 22);
});

t.test('the same seed plans the same day, another seed another', async (t) => {
  t.equal(JSON.stringify(planScenario(OPTIONS)), JSON.stringify(planScenario(OPTIONS)));
  t.notSame(planScenario(OPTIONS).orders[0], planScenario({ ...OPTIONS, seed: 'other' }).orders[0]);
});

t.test('what is planned', async (t) => {
  const plan = planScenario(OPTIONS);
  const stamps = plan.orders.flatMap((order) => order.stamps);
  const share = (fate: string) =>
    stamps.filter((stamp) => stamp.fate === fate).length /
    stamps.filter((stamp) => stamp.fate !== 'kept').length;
  t.equal(plan.orders.length, 20_000);
  t.equal(new Set(plan.orders.map(({ orderId }) => orderId)).size, 20_000);
  t.equal(new Set(stamps.map(({ sha256 }) => sha256)).size, stamps.length, 'no document twice');
  t.ok(plan.orders.every((order) => order.stamps.length >= 1 && order.stamps.length <= 3));
  t.ok(share('failed-then-affixed') >= 0.03 && share('failed-then-affixed') <= 0.05, '3 to 5 % fail');
  const unknown = share('unknown-then-affixed') + share('unknown-then-not-affixed');
  t.ok(unknown >= 0.004 && unknown <= 0.006, '0.5 % unknown');
  for (const fate of ['cancelled', 'refunded', 'paid-later', 'sent-twice'])
    t.ok(
      plan.orders.some((order) => order.fate === fate),
      fate,
    );
  const before = plan.orders.filter(({ at }) => at < plan.killAt).length;
  t.equal(before, 10_000, 'killed when half of them are there');
  t.equal(dayAt(plan.killAt, plan.milliseconds), 19, 'on the fullest day');
  t.ok(plan.forgeries.length >= 3);
  t.ok(plan.forgeries.every(({ serial }) => /^[0-9A-Z]{22}$/.test(serial)));
});

t.test('26 channels, ten public, with stock for every order', async (t) => {
  const plan = planScenario(OPTIONS);
  t.equal(plan.channels.length, 26);
  t.equal(plan.channels.filter(({ isPublic }) => isPublic).length, 10);
  t.equal(plan.channels.filter(({ restock }) => restock > 0).length, 1, 'one runs out and gets more');
  for (const { channel, isPublic, stock, restock } of plan.channels) {
    const needed = sum(
      plan.orders.filter((order) => order.channel === channel).map((order) => order.stamps.length),
    );
    t.equal(needed > 0, isPublic, `${channel} sells to the public, or does not`);
    t.ok(stock + restock > needed + (isPublic ? 100 : 0), `${channel} has enough`);
    if (restock > 0) t.ok(stock < needed, `${channel} has too little at first`);
  }
  t.ok(plan.orders.every(({ channel }) => PUBLIC_CHANNEL_NAMES.includes(channel)));
});

t.test('a heap gives back in order what it was given in any', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (values) => {
      const heap = new Heap<{ at: number }>();
      for (const at of values) heap.push({ at });
      const out: number[] = [];
      for (let item = heap.pop(); item !== undefined; item = heap.pop()) out.push(item.at);
      return JSON.stringify(out) === JSON.stringify([...values].sort((left, right) => left - right));
    }),
  );
  t.pass();
});

t.test(
  'an open loop starts what is due without waiting, holds back at its bound, and counts it',
  async (t) => {
    const stop = new AbortController();
    const loop = new OpenLoop(2, stop.signal);
    const releases: (() => void)[] = [];
    const started: number[] = [];
    const calls = [1, 2, 3].map((name) =>
      loop.call(name, () => {
        started.push(name);
        return new Promise<number>((resolve) => releases.push(() => resolve(name)));
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 40));
    t.same(started, [1, 2], 'the bound is two');
    t.match(loop.state(), { inFlight: 2, waiting: 1, heldBack: 0, mostInFlight: 2 });
    releases[0]?.();
    t.equal(await calls[0], 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
    t.same(started, [1, 2, 3]);
    t.equal(loop.state().heldBack, 1);
    const never = loop.call(1e9, async () => 0);
    stop.abort(new Error('over'));
    await t.rejects(never, { message: 'over' });
    await t.rejects(
      loop.call(0, async () => 0),
      { message: 'over' },
    );
    for (const release of releases) release();
  },
);
