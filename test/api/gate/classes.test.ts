import { workClassOf } from '@stamp-ledger/api';
import t from 'tap';

t.test('a ticket is neither an order nor work for the log', async (t) => {
  t.equal(workClassOf('POST', '/v1/queue'), 'ticket');
  t.equal(workClassOf('POST', '/v1/queue?x=1'), 'ticket');
  t.equal(workClassOf('POST', '/v1/queue/openings'), 'bulk', 'an operator is not lost in the crowd');
  t.equal(workClassOf('POST', '/v1/orders'), 'order');
});

t.test('a look at the waiting room is a look-up', async (t) => {
  for (const url of ['/v1/queue', '/v1/queue?x=1', '/v1/queue/a.ticket'])
    t.equal(workClassOf('GET', url), 'look-up');
  t.equal(workClassOf('GET', '/v1/queues'), 'bulk');
});
