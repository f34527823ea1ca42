import t from 'tap';
import { endsWhenInterrupted, startDemo } from '../support/demo.js';

t.test('Ctrl-C ends it, its server and its data', (t) => endsWhenInterrupted(t, /the ledger is ready/));

t.test('wrong options', async (t) => {
  const demo = startDemo('--orders', 'many');
  t.equal((await demo.exited)[0], 2);
});
