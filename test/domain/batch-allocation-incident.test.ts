import {
  type AllocationCommand,
  type AllocationEvent,
  type AllocationId,
  allocationDecider,
  type BatchCommand,
  type BatchEvent,
  type BatchId,
  batchDecider,
  type Channel,
  DIRECT_CHANNEL,
  generatedSerial,
  type IncidentCommand,
  type IncidentEvent,
  type IncidentId,
  type Instant,
  incidentDecider,
  refuseLateFact,
  type Serial,
} from '@stamp-ledger/domain';
import fc from 'fast-check';
import t from 'tap';
import { after, eventsOf, isOneSentence, outcome, refusalOf } from './support.js';

const [S1, S2] = [generatedSerial('A'.repeat(17)), generatedSerial('B'.repeat(17))];
const FOREIGN = 'K7QX2M9RD4TB0W5HN8CJ3F' as Serial;
const IDR = { amount: '10000', currency: 'IDR' };

t.test('batch', async (t) => {
  const open: Extract<BatchCommand, { kind: 'open' }> = {
    kind: 'open',
    batchId: 'batch-1' as BatchId,
    denomination: IDR,
    quantity: 2,
    series: '2024-a',
  };
  const own = { ...open, serials: [S1, FOREIGN] };
  const complete: BatchCommand = { kind: 'complete', minted: 1, conflicts: [S1] };
  const { kind: _open, ...terms } = own;
  const none = batchDecider.initialState;
  const minting = after(batchDecider, own);
  const minted = after(batchDecider, own, complete);
  const decide = (state: typeof none, command: BatchCommand) => batchDecider.decide(state, command);

  t.strictSame(eventsOf(decide(none, own)), [{ type: 'BatchOpened', data: terms }]);
  t.strictSame(eventsOf(decide(none, { ...open, serialKeyId: 'key-1' })), [
    {
      type: 'BatchOpened',
      data: { batchId: 'batch-1', denomination: IDR, quantity: 2, series: '2024-a', serialKeyId: 'key-1' },
    },
  ]);
  t.strictSame(minting, { status: 'minting', ...terms });
  t.match(after(batchDecider, { ...open, serialKeyId: 'key-1' }), {
    status: 'minting',
    serialKeyId: 'key-1',
  });
  t.strictSame(minted, { status: 'minted', minted: 1, conflicts: [S1], ...terms });
  t.strictSame(eventsOf(decide(minting, complete)), [
    { type: 'BatchCompleted', data: { batchId: 'batch-1', minted: 1, conflicts: [S1] } },
  ]);
  t.strictSame(eventsOf(decide(minting, { kind: 'complete', minted: 2, conflicts: [] })), [
    { type: 'BatchCompleted', data: { batchId: 'batch-1', minted: 2 } },
  ]);
  t.strictSame(after(batchDecider, own, { kind: 'complete', minted: 2, conflicts: [] }), {
    status: 'minted',
    minted: 2,
    conflicts: [],
    ...terms,
  });

  for (const state of [minting, minted]) {
    t.equal(outcome(decide(state, own)), 'unchanged', 'opened again');
    t.equal(outcome(decide(state, { ...own, serialKeyId: 'key-2' })), 'unchanged', 'after a change of keys');
    const others: readonly Partial<typeof own>[] = [
      { quantity: 3 },
      { series: '2024-b' },
      { denomination: { amount: '10000', currency: 'USD' } },
      { serials: [FOREIGN, S1] },
      { batchId: 'batch-2' as BatchId },
    ];
    for (const other of others) {
      t.equal(outcome(decide(state, { ...own, ...other })), 'batch-exists', Object.keys(other).join());
    }
    t.equal(outcome(decide(state, open)), 'batch-exists', 'without the serials');
  }
  t.equal(outcome(decide(none, complete)), 'unknown-batch');
  t.equal(outcome(decide(minted, complete)), 'unchanged');
  t.equal(outcome(decide(minted, { kind: 'complete', minted: 2, conflicts: [] })), 'wrong-state');
  t.equal(outcome(decide(minted, { kind: 'complete', minted: 1, conflicts: [S2] })), 'wrong-state');

  const slip = `${S1.slice(0, -1)}${S1.endsWith('7') ? '8' : '7'}` as Serial;
  const refused: readonly (readonly [string, Partial<typeof own>])[] = [
    ['unknown-currency', { denomination: { amount: '1', currency: 'XXX' } }],
    ['invalid-amount', { denomination: { amount: '0', currency: 'IDR' } }],
    ['invalid-amount', { denomination: { amount: '1.005', currency: 'IDR' } }],
    ['serials-quantity-mismatch', { serials: [S1] }],
    ['serials-quantity-mismatch', { serials: [S1, S2, FOREIGN] }],
    ['duplicate-serial', { serials: [S1, S1] }],
    ['malformed-serial', { serials: [S1, slip] }],
    ['malformed-serial', { serials: [S1, FOREIGN.toLowerCase() as Serial] }],
    ['malformed-serial', { serials: [S1, 'SHORT' as Serial] }],
  ];
  for (const [code, fields] of refused) {
    const refusal = refusalOf(decide(none, { ...own, ...fields }));
    t.equal(refusal?.code, code);
    t.ok(isOneSentence(refusal?.detail ?? ''), `${code}: one sentence`);
  }
  t.strictSame(refusalOf(decide(none, { ...own, serials: [S1, slip] }))?.facts, { serials: [slip] });
  const many = Array.from({ length: 12 }, (_, place) => generatedSerial(String(10 + place).padEnd(17, 'X')));
  const twice = [...many, ...many, many[0] as Serial];
  t.strictSame(
    refusalOf(decide(none, { ...own, quantity: 25, serials: twice }))?.facts,
    { serials: many.slice(0, 10) },
    'ten duplicates are named, each once',
  );

  const opened: BatchEvent = { type: 'BatchOpened', data: terms };
  const completed: BatchEvent = { type: 'BatchCompleted', data: { batchId: 'batch-1', minted: 2 } };
  t.throws(() => batchDecider.evolve(none, completed), /Broken invariant/);
  t.throws(() => batchDecider.evolve(minting, opened), /Broken invariant/);
  t.throws(() => batchDecider.evolve(minted, completed), /Broken invariant/);
  t.throws(
    () => batchDecider.evolve(minting, { ...completed, data: { batchId: 'batch-2', minted: 2 } }),
    /Broken invariant/,
  );
  t.throws(
    () => batchDecider.evolve(none, { type: 'BatchLost' } as unknown as BatchEvent),
    /Broken invariant/,
  );
});

t.test('allocation', async (t) => {
  const request: Extract<AllocationCommand, { kind: 'request' }> = {
    kind: 'request',
    allocationId: 'allocation-1' as AllocationId,
    channel: 'alpha' as Channel,
    denomination: IDR,
    quantity: 5,
    batchId: 'batch-1' as BatchId,
    inStock: 5,
  };
  const complete: AllocationCommand = { kind: 'complete', allocated: 4 };
  const { kind: _request, inStock: _inStock, ...terms } = request;
  const { batchId: _batchId, ...fromAnyBatch } = request;
  const none = allocationDecider.initialState;
  const allocating = after(allocationDecider, request);
  const allocated = after(allocationDecider, request, complete);
  const decide = (state: typeof none, command: AllocationCommand) => allocationDecider.decide(state, command);

  t.strictSame(eventsOf(decide(none, request)), [{ type: 'AllocationRequested', data: terms }]);
  t.strictSame(eventsOf(decide(none, fromAnyBatch)), [
    {
      type: 'AllocationRequested',
      data: { allocationId: 'allocation-1', channel: 'alpha', denomination: IDR, quantity: 5 },
    },
  ]);
  t.strictSame(allocating, { status: 'allocating', ...terms });
  t.strictSame(allocated, { status: 'allocated', allocated: 4, ...terms });
  t.strictSame(eventsOf(decide(allocating, complete)), [
    { type: 'AllocationCompleted', data: { allocationId: 'allocation-1', allocated: 4 } },
  ]);

  const short = refusalOf(decide(none, { ...request, inStock: 4 }));
  t.match(short, { code: 'insufficient-stock', facts: { inStock: 4 } });
  t.ok(isOneSentence(short?.detail ?? ''));
  t.equal(outcome(decide(none, { ...request, channel: DIRECT_CHANNEL })), 'channel-not-allocatable');
  t.equal(outcome(decide(none, complete)), 'unknown-allocation');
  for (const state of [allocating, allocated]) {
    t.equal(outcome(decide(state, { ...request, inStock: 0 })), 'unchanged', 'whatever the stock is by then');
    const others: readonly Partial<typeof request>[] = [
      { quantity: 4 },
      { channel: 'beta' as Channel },
      { denomination: { amount: '6000', currency: 'IDR' } },
      { batchId: 'batch-2' as BatchId },
      { allocationId: 'allocation-2' as AllocationId },
    ];
    for (const other of others) {
      t.equal(
        outcome(decide(state, { ...request, ...other })),
        'allocation-exists',
        Object.keys(other).join(),
      );
    }
    t.equal(outcome(decide(state, fromAnyBatch)), 'allocation-exists');
  }
  t.equal(outcome(decide(allocated, complete)), 'unchanged');
  t.equal(outcome(decide(allocated, { kind: 'complete', allocated: 5 })), 'wrong-state');

  const requested: AllocationEvent = { type: 'AllocationRequested', data: terms };
  const completed: AllocationEvent = {
    type: 'AllocationCompleted',
    data: { allocationId: 'allocation-1', allocated: 4 },
  };
  t.throws(() => allocationDecider.evolve(none, completed), /Broken invariant/);
  t.throws(() => allocationDecider.evolve(allocating, requested), /Broken invariant/);
  t.throws(() => allocationDecider.evolve(allocated, completed), /Broken invariant/);
  t.throws(
    () =>
      allocationDecider.evolve(allocating, {
        ...completed,
        data: { allocationId: 'allocation-2', allocated: 4 },
      }),
    /Broken invariant/,
  );
  t.throws(() => allocationDecider.evolve(none, {} as unknown as AllocationEvent), /Broken invariant/);
});

t.test('incident', async (t) => {
  const open: Extract<IncidentCommand, { kind: 'open' }> = {
    kind: 'open',
    incidentId: 'incident-1' as IncidentId,
    title: 'Serials cannot be generated',
    description: 'Since the morning.',
    startedAt: '2024-09-03T02:00:00.000Z' as Instant,
    relaxedRules: { version: 'paper/1', rules: ['paper stamps are accepted'] },
  };
  const close: Extract<IncidentCommand, { kind: 'close' }> = {
    kind: 'close',
    endedAt: '2024-09-05T13:00:00.000Z' as Instant,
    summary: 'Restored in steps.',
  };
  const { kind: _open, ...terms } = open;
  const { kind: _close, ...ending } = close;
  const { description: _description, relaxedRules: _relaxedRules, ...plain } = open;
  const none = incidentDecider.initialState;
  const opened = after(incidentDecider, open);
  const closed = after(incidentDecider, open, close);
  const decide = (state: typeof none, command: IncidentCommand) => incidentDecider.decide(state, command);

  t.strictSame(eventsOf(decide(none, open)), [{ type: 'IncidentOpened', data: terms }]);
  t.strictSame(eventsOf(decide(none, plain)), [
    {
      type: 'IncidentOpened',
      data: { incidentId: open.incidentId, title: open.title, startedAt: open.startedAt },
    },
  ]);
  t.strictSame(opened, { status: 'open', ...terms });
  t.strictSame(closed, { status: 'closed', ...terms, ...ending });
  t.strictSame(eventsOf(decide(opened, close)), [
    { type: 'IncidentClosed', data: { incidentId: 'incident-1', ...ending } },
  ]);
  t.strictSame(eventsOf(decide(opened, { kind: 'close', endedAt: close.endedAt })), [
    { type: 'IncidentClosed', data: { incidentId: 'incident-1', endedAt: close.endedAt } },
  ]);

  for (const state of [opened, closed]) {
    const copy = { ...open, relaxedRules: { version: 'paper/1', rules: ['paper stamps are accepted'] } };
    t.equal(outcome(decide(state, copy)), 'unchanged', 'opened again');
    const others: readonly Partial<typeof open>[] = [
      { title: 'Another' },
      { description: 'Another.' },
      { startedAt: close.endedAt },
      { relaxedRules: { version: 'paper/2', rules: ['paper stamps are accepted'] } },
      { relaxedRules: { version: 'paper/1', rules: [] } },
      { incidentId: 'incident-2' as IncidentId },
    ];
    for (const other of others) {
      const refusal = refusalOf(decide(state, { ...open, ...other }));
      t.equal(refusal?.code, 'incident-exists', Object.keys(other).join());
      t.ok(isOneSentence(refusal?.detail ?? ''));
    }
    t.equal(outcome(decide(state, plain)), 'incident-exists');
  }
  t.equal(outcome(decide(none, close)), 'unknown-incident');
  const tooEarly = { ...close, endedAt: '2000-01-01T00:00:00.000Z' as Instant };
  t.equal(outcome(decide(opened, tooEarly)), 'incident-ends-before-start');
  t.equal(decide(opened, { ...close, endedAt: open.startedAt }).kind, 'accepted');
  t.equal(outcome(decide(closed, close)), 'unchanged');
  t.equal(outcome(decide(closed, { ...close, endedAt: open.startedAt })), 'incident-closed');
  t.equal(outcome(decide(closed, { kind: 'close', endedAt: close.endedAt })), 'incident-closed');

  const openedEvent: IncidentEvent = { type: 'IncidentOpened', data: terms };
  const closedEvent: IncidentEvent = {
    type: 'IncidentClosed',
    data: { incidentId: 'incident-1', ...ending },
  };
  t.throws(() => incidentDecider.evolve(none, closedEvent), /Broken invariant/);
  t.throws(() => incidentDecider.evolve(opened, openedEvent), /Broken invariant/);
  t.throws(() => incidentDecider.evolve(closed, closedEvent), /Broken invariant/);
  t.throws(
    () =>
      incidentDecider.evolve(opened, {
        ...closedEvent,
        data: { incidentId: 'incident-2', endedAt: close.endedAt },
      }),
    /Broken invariant/,
  );
  t.throws(() => incidentDecider.evolve(none, {} as unknown as IncidentEvent), /Broken invariant/);
});

t.test('a batch’s own serials are taken exactly when all are canonical and distinct', async (t) => {
  const serial = fc.oneof(
    fc.constantFrom(S1, S2, FOREIGN),
    fc.stringMatching(/^[0-9A-HJ-RT-Z][0-9A-Z]{21}$/).map((text) => text as Serial),
  );
  fc.assert(
    fc.property(fc.array(serial, { minLength: 1, maxLength: 20 }), (serials) => {
      const decision = batchDecider.decide(batchDecider.initialState, {
        kind: 'open',
        batchId: 'batch-1' as BatchId,
        denomination: IDR,
        quantity: serials.length,
        series: '2024-a',
        serials,
      });
      const expected = new Set(serials).size === serials.length ? 'BatchOpened' : 'duplicate-serial';
      return outcome(decision) === expected;
    }),
  );
  t.pass('held');
});

t.test('a fact recorded late happened during its incident, and before it is recorded', async (t) => {
  const open: IncidentCommand = {
    kind: 'open',
    incidentId: 'incident-1' as IncidentId,
    title: 'Outage',
    startedAt: '2024-09-05T00:00:00.000Z' as Instant,
  };
  const close: IncidentCommand = { kind: 'close', endedAt: '2024-09-06T00:00:00.000Z' as Instant };
  const opened = after(incidentDecider, open);
  const closed = after(incidentDecider, open, close);
  const codeOf = (incident: typeof opened, occurredAt: string) =>
    refuseLateFact(incident, {
      occurredAt: occurredAt as Instant,
      recordedAt: '2024-09-08T00:00:00.000Z' as Instant,
    })?.refusal.code;
  t.equal(codeOf(incidentDecider.initialState, '2024-09-05T12:00:00.000Z'), 'unknown-incident');
  t.equal(codeOf(opened, '2024-09-05T00:00:00.000Z'), undefined);
  t.equal(codeOf(opened, '2024-09-04T23:59:59.999Z'), 'occurred-outside-incident');
  t.equal(codeOf(opened, '2024-09-08T00:00:00.000Z'), 'occurred-after-recording');
  t.equal(codeOf(closed, '2024-09-06T00:00:00.000Z'), undefined);
  t.equal(codeOf(closed, '2024-09-06T00:00:00.001Z'), 'occurred-outside-incident');
});
