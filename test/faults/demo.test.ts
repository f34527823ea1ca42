import { existsSync } from 'node:fs';
import t from 'tap';
import { endsWhenInterrupted, startDemo } from '../support/demo.js';

t.test('a small rush ends well: killed in the middle, nothing lost, no difference', async (t) => {
  const demo = startDemo('--orders', '400', '--seconds', '6', '--burst-seconds', '1', '--seed', 'test');
  const ready = await demo.said(/\(process (\d+)\), its data in (\S+)/);
  const stdout = await demo.stdout;
  const [code] = await demo.exited;
  t.equal(code, 0, stdout);
  t.match(stdout, 'Differences: 0.');
  t.match(stdout, 'All is well');
  t.match(stdout, /kill -9: ready again after +\d/);
  t.match(stdout, /StampMinted .*\n.*StampAllocated .*\n.*StampSold /, 'the life of one stamp');
  t.match(stdout, /orders accepted a second, at full speed +\d/);
  t.notOk(existsSync(ready[2] ?? ''), 'the data is gone');
});

t.test('Ctrl-C in the middle of the rush', (t) => endsWhenInterrupted(t, /the rush: /));
