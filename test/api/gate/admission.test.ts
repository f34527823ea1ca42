import {
  AdaptiveLimit,
  Admission,
  CallerQuota,
  CapacityEstimate,
  Pacing,
  type Place,
} from '@stamp-ledger/api';
import fc from 'fast-check';
import t from 'tap';

const NAMES = ['first', 'second', 'third'] as const;
type Name = (typeof NAMES)[number];
const TERMS = {
  first: { share: 0.4, shareMost: 1, waiting: 20, waitMilliseconds: 100 },
  second: { share: 0.3, shareMost: 1, waiting: 20, waitMilliseconds: 100 },
  third: { share: 0.1, shareMost: 0.5, waiting: 10, waitMilliseconds: 100 },
} as const;
const classes = NAMES.map((name) => [name, TERMS[name]] as const);
const reserved = (name: Name, limit: number): number => Math.max(1, Math.floor(TERMS[name].share * limit));

const place = (name: Name, since: number, deadline = Number.POSITIVE_INFINITY): Place<Name, number> => ({
  name,
  item: since,
  since,
  deadline,
  state: 'waiting',
});

type Step =
  | { readonly kind: 'offer'; readonly name: Name; readonly patience: number }
  | { readonly kind: 'end'; readonly which: number }
  | { readonly kind: 'limit'; readonly limit: number }
  | { readonly kind: 'time'; readonly milliseconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('offer' as const),
      name: fc.constantFrom(...NAMES),
      patience: fc.integer({ min: 1, max: 500 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(1_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('limit' as const), limit: fc.integer({ min: 4, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time' as const), milliseconds: fc.nat(80) }) },
);

t.test('whatever comes, the bounds hold and a class below its share goes first', async () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const admission = new Admission<Name, number>(classes, 10);
      const running: Place<Name, number>[] = [];
      const everOffered: Place<Name, number>[] = [];
      let now = 0;
      const letIn = () => {
        for (let next = admission.next(); next !== undefined; next = admission.next()) {
          const { name } = next;
          // What it had before this place.
          if (admission.inFlightOf(name) - 1 >= reserved(name, admission.limit))
            for (const other of NAMES)
              if (
                admission.waitingOf(other) > 0 &&
                admission.inFlightOf(other) < reserved(other, admission.limit)
              )
                throw new Error(`${name} took a place that was ${other}'s`);
          if (admission.inFlight > admission.limit) throw new Error('more than the limit was let in');
          running.push(next);
        }
      };
      for (const each of steps) {
        switch (each.kind) {
          case 'offer': {
            const offered = place(each.name, now, now + each.patience);
            everOffered.push(offered);
            const before = admission.inFlight;
            const answer = admission.offer(offered);
            if (answer === 'admitted') {
              if (before >= admission.limit) throw new Error('let in beyond the limit');
              running.push(offered);
            }
            if (answer === 'queue-full') offered.state = 'over';
            break;
          }
          case 'end': {
            const [ended] = running.splice(each.which % Math.max(1, running.length), 1);
            if (ended !== undefined) admission.end(ended);
            break;
          }
          case 'limit':
            admission.setLimit(each.limit);
            break;
          case 'time':
            now += each.milliseconds;
            for (const [{ since, deadline, name }] of admission.expired(now))
              if (now < deadline && now - since <= TERMS[name].waitMilliseconds)
                throw new Error('one was turned away too early');
            break;
        }
        letIn();
        for (const name of NAMES)
          if (admission.waitingOf(name) > TERMS[name].waiting)
            throw new Error('a queue grew beyond its bound');
        if (admission.inFlight !== running.length) throw new Error('a place was lost');
        // Nothing stands idle while somebody waits who may have it.
        const idle = admission.inFlight < admission.limit;
        if (idle && (admission.waitingOf('first') > 0 || admission.waitingOf('second') > 0))
          throw new Error('a place stood idle');
        const waiting = everOffered.filter(({ state }) => state === 'waiting').length;
        if (waiting !== admission.waiting) throw new Error('one that waits was forgotten');
      }
    }),
    { numRuns: 200 },
  );
});

t.test('under any overload every class gets at least its share', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 10, max: 64 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 3 }),
      fc.integer(),
      (limit, pressure, seed) => {
        const admission = new Admission<Name, number>(classes, limit);
        const done = new Map<Name, number>(NAMES.map((name) => [name, 0]));
        const running: Place<Name, number>[] = [];
        let random = Math.abs(seed) || 1;
        const draw = (below: number) => {
          random = (random * 48_271) % 2_147_483_647;
          return random % below;
        };
        for (let turn = 0; turn < 3_000; turn++) {
          NAMES.forEach((name, index) => {
            for (let count = 0; count < (pressure[index] ?? 1); count++) {
              const offered = place(name, turn);
              if (admission.offer(offered) === 'admitted') running.push(offered);
            }
          });
          const [ended] = running.splice(draw(running.length), 1);
          if (ended !== undefined) {
            admission.end(ended);
            done.set(ended.name, (done.get(ended.name) ?? 0) + 1);
          }
          for (let next = admission.next(); next !== undefined; next = admission.next()) running.push(next);
        }
        return NAMES.every((name) => {
          const share = reserved(name, limit) / limit;
          return (done.get(name) ?? 0) >= 0.8 * share * 3_000 - limit;
        });
      },
    ),
    { numRuns: 30 },
  );
});

t.test('first come, first served within a class, and those who left are passed over', async (t) => {
  const admission = new Admission<Name, number>(classes, 1);
  const holder = place('first', 0);
  t.equal(admission.offer(holder), 'admitted');
  const waiting = [1, 2, 3, 4].map((since) => place('first', since));
  for (const each of waiting) t.equal(admission.offer(each), 'waiting');
  t.equal(admission.oldestOf('first', 10), 9);
  const [left] = waiting;
  if (left !== undefined) admission.end(left);
  admission.end(holder);
  t.equal(admission.next()?.since, 2);
  t.equal(admission.next(), undefined, 'there is one place');
});

t.test('the limit stays within its bounds, shrinks under pressure and grows when it is needed', async (t) => {
  const terms = { least: 16, most: 256, commitMilliseconds: 50, loopMilliseconds: 50 };
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          commitMilliseconds: fc.double({ min: 0, max: 10_000, noNaN: true }),
          loopMilliseconds: fc.double({ min: -20, max: 10_000, noNaN: true }),
          wasFull: fc.boolean(),
        }),
      ),
      (pressures) => {
        const limit = new AdaptiveLimit(terms);
        return pressures.every((pressure) => {
          const before = limit.value;
          limit.observe(pressure);
          const isTooMuch = pressure.commitMilliseconds > 50 || pressure.loopMilliseconds > 50;
          return (
            limit.value >= 16 &&
            limit.value <= 256 &&
            (isTooMuch ? limit.value <= before : limit.value >= before)
          );
        });
      },
    ),
  );
  const limit = new AdaptiveLimit(terms);
  for (let count = 0; count < 40; count++)
    limit.observe({ commitMilliseconds: 400, loopMilliseconds: 0, wasFull: true });
  t.equal(limit.value, 16, 'a slow disk brings it down');
  limit.observe({ commitMilliseconds: 5, loopMilliseconds: 0, wasFull: false });
  t.equal(limit.value, 16, 'it does not grow when nobody needs it');
  for (let count = 0; count < 120; count++)
    limit.observe({ commitMilliseconds: 5, loopMilliseconds: 0, wasFull: true });
  t.equal(limit.value, 256);
});

t.test('refusals leave at their rate and no faster', async (t) => {
  const pacing = new Pacing({ perSecond: () => 100, burst: 10, mostMilliseconds: 60_000 });
  const turns = Array.from({ length: 200 }, () => pacing.turn(1_000));
  t.equal(turns.filter((turn) => turn === 1_000).length, 11, 'a few at once');
  t.ok((turns.at(-1) ?? 0) >= 2_800, 'the rest by the rate');
  t.equal(pacing.turn(60_000), 60_000, 'and at once again when it is quiet');
});

t.test('a flood of refusals delays none after it for longer than the longest delay', async (t) => {
  const pacing = new Pacing({ perSecond: () => 100, burst: 10, mostMilliseconds: 5_000 });
  const turns = Array.from({ length: 100_000 }, () => pacing.turn(1_000));
  t.equal(turns.at(-1), 6_000);
  t.equal(pacing.turn(7_000), 7_000, 'what would have taken a quarter of an hour is over');
});

t.test('a caller has its quota and no other’s, whoever else comes', async (t) => {
  const quota = new CallerQuota({ perSecond: 5, callers: 3 });
  const from = (address: string) => ({ address, credentials: undefined });
  const taken = Array.from({ length: 20 }, () => quota.take(from('a'), 0)).filter(Boolean).length;
  t.equal(taken, 5);
  t.equal(quota.take(from('b'), 0), true);
  t.equal(quota.take(from('a'), 100), false);
  t.equal(quota.take(from('a'), 400), true, 'after a while there is more');
});

t.test('credentials count for a caller only once they were found good', async (t) => {
  const quota = new CallerQuota({ perSecond: 5, callers: 3 });
  const takes = (credentials: (index: number) => string) =>
    Array.from({ length: 20 }, (_, index) =>
      quota.take({ address: 'a', credentials: credentials(index) }, 0),
    ).filter(Boolean).length;
  t.equal(
    takes((index) => `Bearer made-up-${index}`),
    5,
    'whoever makes some up has the quota of its address',
  );
  quota.verified('Bearer good', 0);
  t.equal(
    takes(() => 'Bearer good'),
    5,
    'good ones have their own',
  );
  quota.verified('Bearer good', 0);
  t.equal(
    takes(() => 'Bearer good'),
    0,
    'and no more for being shown again',
  );
});

t.test('the capacity is what becomes durable while commands wait', async (t) => {
  const estimate = new CapacityEstimate();
  const run = (seconds: number, from: number, how: { count: number; wasFull: boolean }) => {
    for (let now = from; now < from + seconds * 1_000; now += 100) estimate.observe({ ...how, now });
  };
  run(20, 0, { count: 200, wasFull: true });
  t.ok(Math.abs(estimate.at(20_000).durablePerSecond - 2_000) < 250);
  t.equal(estimate.at(20_000).saturated, true);
  run(10, 20_000, { count: 10, wasFull: false });
  const { durablePerSecond, saturated } = estimate.at(30_000);
  t.ok(durablePerSecond > 1_500, 'little demand is no small capacity');
  t.equal(saturated, false);
});

t.test('a class without a share gets what the others leave', async (t) => {
  const terms = { shareMost: 1, waiting: 10, waitMilliseconds: 1_000 };
  const admission = new Admission<'holder' | 'walk-in', string>(
    [
      ['holder', { ...terms, share: 0.5 }],
      ['walk-in', { ...terms, share: 0 }],
    ],
    2,
  );
  const place = (name: 'holder' | 'walk-in'): Place<'holder' | 'walk-in', string> => ({
    name,
    item: name,
    since: 0,
    deadline: Number.POSITIVE_INFINITY,
    state: 'waiting',
  });
  const running = [place('holder'), place('holder')];
  for (const each of running) t.equal(admission.offer(each), 'admitted');
  t.equal(admission.offer(place('walk-in')), 'waiting');
  t.equal(admission.offer(place('holder')), 'waiting');
  const [first, second] = running;
  if (first !== undefined) admission.end(first);
  t.equal(admission.next()?.name, 'holder', 'though the other waits for longer');
  if (second !== undefined) admission.end(second);
  t.equal(admission.next()?.name, 'walk-in');
});
