import type { Test } from 'tap';
import { head, problemName, type World } from '../world.js';
import { batchCases } from './bad-input/batches.js';
import { bodyCases } from './bad-input/bodies.js';
import { orderCases } from './bad-input/orders.js';
import { stampCases } from './bad-input/stamps.js';

/** Each bad request has a problem of its own name and leaves the ledger as it was: the log ends where it ended. */
export async function badInput(t: Test, world: World): Promise<void> {
  for (const cases of [
    await stampCases(world),
    await orderCases(world),
    await batchCases(world),
    bodyCases(),
  ])
    for (const { what, path, call, status, problem, errors } of cases)
      await t.test(what, async (t) => {
        const before = await head(world);
        const reply = await world.call(path, call);
        t.equal(problemName(reply), problem, reply.text);
        t.equal(reply.status, status);
        t.equal(reply.json.status, status);
        t.match(reply.headers.get('content-type'), /^application\/problem\+json/);
        t.equal(reply.json.instance, reply.headers.get('x-request-id'));
        if (errors !== undefined) t.match(reply.json.errors, errors);
        t.equal(await head(world), before, 'the ledger is unchanged');
      });
}
