import { Overbooking } from '@stamp-ledger/app';
import t from 'tap';

const CAPACITY = 100;

/** Looks once a second, for so many seconds, at a room where so many orders a second come to this process. */
function watched({
  perSecond,
  isAlone = false,
  from = 0,
  seconds = 31,
  overbooking = new Overbooking(),
  isHeldBack = true,
  isPressedByLine = false,
}: {
  readonly perSecond: number;
  readonly isAlone?: boolean;
  readonly from?: number;
  readonly seconds?: number;
  readonly overbooking?: Overbooking;
  readonly isHeldBack?: boolean;
  readonly isPressedByLine?: boolean;
}): Overbooking {
  for (let second = from; second < from + seconds; second++)
    overbooking.observe({
      now: second * 1_000,
      came: second * perSecond,
      capacity: CAPACITY,
      isAlone,
      isHeldBack,
      isPressedByLine,
    });
  return overbooking;
}

t.test('nobody more is let in while enough come, or while nobody waits', async (t) => {
  t.equal(watched({ perSecond: 90 }).factor, 1);
  t.equal(watched({ perSecond: 5, isHeldBack: false }).factor, 1);
  t.equal(watched({ perSecond: 5, isPressedByLine: true }).factor, 1);
});

t.test('the fewer come, the more are let in, up to a bound', async (t) => {
  const first = watched({ perSecond: 45, seconds: 4 }).factor;
  t.equal(first, 2, 'twice as many where half of them come');
  const one = watched({ perSecond: 0, isAlone: true, seconds: 4 }).factor;
  t.equal(one, 4, 'not all at once');
  t.equal(watched({ perSecond: 0, isAlone: true }).factor, 64);
});

t.test('one of several lets in no more than what comes to itself gives reason to', async (t) => {
  t.equal(watched({ perSecond: 0 }).factor, 1);
  t.equal(watched({ perSecond: 1 }).factor, 1, 'nor for a stray order');
  t.equal(watched({ perSecond: 5 }).factor, 3.2);
  t.equal(watched({ perSecond: 50 }).factor > 16, true);
});

t.test('what was let in too much is taken back', async (t) => {
  const alone = watched({ perSecond: 0, isAlone: true });
  watched({ perSecond: 5, isPressedByLine: true, seconds: 1, overbooking: alone });
  t.equal(alone.factor, 32, 'by half at every look under pressure');
  const joined = watched({ perSecond: 0, isAlone: true });
  watched({ perSecond: 0, from: 31, seconds: 6, overbooking: joined });
  t.equal(joined.factor, 1, 'whole when another process came, to which the orders may go');
});
