import { createClient } from '@stamp-ledger/client';
import t from 'tap';
import { cliFor } from '../support/cli.js';
import { startLedgerProcess } from '../support/server-process.js';

// A process that is killed in the middle of an outage, and what the report says of it afterwards.
let ledger = await startLedgerProcess();
t.teardown(() => ledger.stop());

t.test('what leaves nothing in the log outlives the process that counted it', async (t) => {
  const from = new Date().toISOString();
  const incidentId = 'centre|down';
  const first = createClient({ baseUrl: ledger.url, token: ledger.token });
  await first.incidents.open({
    incidentId: 'down',
    title: `Serials | *cannot* be ${incidentId}`,
    startedAt: from,
  });
  await t.rejects(
    first.orders.pay('nothing', { reference: 'r', amount: '1', currency: 'IDR', paidAt: from }),
  );
  // Asking for the report writes down what was counted.
  const before = (await first.audit.outage({ incident: 'down' })).body;
  t.equal(before.refused?.byKind['unknown-order'], 1);
  first.close();
  await ledger.kill();
  ledger = await ledger.restart();
  const second = createClient({ baseUrl: ledger.url, token: ledger.token });
  await t.rejects(
    second.orders.pay('nothing', { reference: 'r', amount: '1', currency: 'IDR', paidAt: from }),
  );
  const report = (await second.audit.outage({ incident: 'down' })).body;
  t.equal(report.refused?.byKind['unknown-order'], 2);
  t.strictSame(
    report.processes.runs.map(({ service, stoppedAt }) => [service, stoppedAt]),
    [
      ['ledger', undefined],
      ['ledger', undefined],
    ],
  );
  const [killed, running] = report.processes.runs;
  t.ok((killed?.seenAt ?? '') <= (running?.startedAt ?? ''));
  second.close();

  const cli = cliFor(ledger);
  const printed = await cli(['outage', '--incident', 'down', '--format', 'md']);
  t.equal(printed.code, 0, printed.stderr);
  t.match(printed.stdout, /^# Outage report$/m);
  t.match(printed.stdout, 'Serials \\| \\*cannot\\* be centre\\|down');
  t.match(printed.stdout, /^\| unknown-order \| 2 \|$/m);
  t.match(printed.stdout, 'at most its last 5 seconds');
  const json = (await cli(['outage', '--incident', 'down', '--format', 'json'])).json();
  t.match(json, { sealing: 'configured', incidents: [{ incidentId: 'down' }] });
  t.equal((await cli(['outage', '--incident', 'nothing'])).code, 4);
  t.equal((await cli(['outage', '--from', from])).code, 2);
  t.equal((await cli(['outage', '--from', from, '--to', from])).code, 3);
});

t.test('an incident is opened, listed, shown and closed', async (t) => {
  const cli = cliFor(ledger);
  const began = '2024-09-05T02:00:00.000Z';
  const opened = await cli([
    ...['incident', 'open', '--id', 'rush', '--title', 'No serials', '--started-at', began],
    ...['--rules-version', '2024-09', '--rule', 'late sales', 'paper stamps', '--json'],
  ]);
  t.equal(opened.code, 0, opened.stderr);
  t.match(opened.json(), {
    incidentId: 'rush',
    status: 'open',
    relaxedRules: { version: '2024-09', rules: ['late sales', 'paper stamps'] },
  });
  t.equal((await cli(['incident', 'open', '--title', 'x', '--rule', 'without a version'])).code, 2);
  const ended = '2024-09-06T12:00:00.000Z';
  const closed = await cli(['incident', 'close', 'rush', '--ended-at', ended, '--summary', 'Over']);
  t.match(closed.stdout, /^status +closed$/m);
  t.match((await cli(['incident', 'show', 'rush', '--json'])).json(), { endedAt: ended, summary: 'Over' });
  t.match(
    (await cli(['incident', 'list'])).stdout,
    /^rush +closed +2024-09-05T02:00:00.000Z +2024-09-06T12/m,
  );
  t.match((await cli(['incident', 'show', 'rush'])).stdout, /^rules +2024-09$/m);
  t.equal((await cli(['incident', 'close', 'nothing'])).code, 4);
});
