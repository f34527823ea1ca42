import { migratePostgres } from '@stamp-ledger/postgres';
import { type Configuration, createLogger, type OpenLedger, openLedger } from '@stamp-ledger/wiring';
import t, { type Test } from 'tap';
import { startEventStoreDouble } from '../support/eventstoredb/double.js';
import { eventually } from '../support/eventually.js';
import { startPostgres } from '../support/postgres-server.js';
import { temporaryDirectory } from '../support/server.js';
import { startWire } from '../support/wire.js';

const SOON = { milliseconds: 15_000 };

const server = await startPostgres();
t.teardown(() => server.stop());

/** Engines that a process finds, or finds gone, and what became of the process. */
async function scene(t: Test, database: string) {
  const { directory, remove } = temporaryDirectory();
  const double = await startEventStoreDouble({ directory });
  const wire = await startWire(server.port);
  const url = await server.createDatabase(database);
  const fatal: unknown[] = [];
  const opened: OpenLedger[] = [];
  t.teardown(async () => {
    for (const each of opened) await each.close();
    await double.stop();
    await wire.close();
    remove();
  });
  const configuration: Configuration = {
    host: '127.0.0.1',
    port: 0,
    dataDirectory: directory,
    origin: 'stamp-ledger.test/log',
    identity: { kind: 'local' },
    logLevel: 'silent',
    gate: { isOn: true },
    waitingRoom: { opensUnderPressure: true },
    witnesses: { witnesses: [], quorum: 1, strict: false },
    engines: {
      eventStoreDb: { url: double.url },
      kafka: { brokers: ['127.0.0.1:1'] },
      database: { url: url.replace(`${server.port}`, `${wire.port}`) },
    },
  };
  const open = async (): Promise<OpenLedger> => {
    const ledger = await openLedger({
      configuration,
      logger: createLogger('silent'),
      jobs: true,
      service: 'fulfilment',
      onFatal: (error) => fatal.push(error),
    });
    opened.push(ledger);
    return ledger;
  };
  return { double, wire, url, fatal, open };
}

t.test('a process starts while both engines are away, and is ready when they have come', async (t) => {
  const { double, wire, url, fatal, open } = await scene(t, 'late');
  await migratePostgres({ url });
  await (await open()).close();
  wire.down();
  await double.stop();
  const ledger = await open();
  t.strictSame(ledger.away(), ['EventStoreDB has not answered yet', 'PostgreSQL has not answered yet']);
  wire.up();
  await eventually(async () => ledger.away().length === 1, { what: 'PostgreSQL', ...SOON });
  await double.restart();
  await eventually(async () => ledger.away().length === 0, { what: 'EventStoreDB', ...SOON });
  t.strictSame(fatal, []);
});

t.test(
  'without the key that serials are made with, a log that cannot be asked keeps it from starting',
  async (t) => {
    const { double, url, open } = await scene(t, 'no_key');
    await migratePostgres({ url });
    await double.stop();
    await t.rejects(open(), { name: 'PortError', message: /serial\.key/ });
  },
);

t.test('missing migrations end a process as soon as the database can be asked', async (t) => {
  const { wire, url, fatal, open } = await scene(t, 'unmigrated');
  const missing = { name: 'PortError', kind: 'corrupt', message: /stamp-ledger migrate/ };
  await t.rejects(open(), missing, 'at the start');
  wire.down();
  // The key is made by a start that finds a log without events.
  await open();
  t.strictSame(fatal, []);
  wire.up();
  await eventually(async () => fatal.length > 0, { what: 'the end', ...SOON });
  t.match(fatal[0], missing);
  await migratePostgres({ url });
});
