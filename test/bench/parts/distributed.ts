import { migratePostgres } from '@stamp-ledger/postgres';
import { Kafka as KafkaClient, logLevel } from 'kafkajs';
import { startEngines, type TestEngines } from '../../support/distributed.js';
import { eventually } from '../../support/eventually.js';
import { startService } from '../../support/service-process.js';
import { measureEndToEnd } from '../distributed/end-to-end.js';
import { type Run, untilSettled } from '../distributed/progress.js';
import { publishAll } from '../distributed/publish.js';
import type { Bench, Part, Row } from '../harness/part.js';
import { cpuSeconds } from '../harness/process-usage.js';
import { spreadOf } from '../harness/spread.js';
import { appendsOf } from '../ledger/lives.js';

const TARGETS = { perSecond: 20_000, p99Milliseconds: 1_000 };
const GROUP = 'ledger-projections';
const STAGES = 4;
const ROUNDS = 3;

/** Real Kafka and PostgreSQL; EventStoreDB's protocol is spoken by a double. */
export const distributed: Part = {
  name: 'distributed',
  title: 'Distributed: through Kafka into PostgreSQL',
  run: async (bench) => {
    const throughput = await withEngines((engines) => measureThroughput(bench, engines));
    const lag = await withEngines((engines) => measureEndToEnd(bench, engines));
    return {
      rows: [
        ...throughput.rows,
        {
          what: `append → readable, p99, at ${lag.perSecond} commands/s`,
          unit: 'ms',
          ours: spreadOf(lag.p99),
          target: { kind: 'at-most', value: TARGETS.p99Milliseconds },
        },
        {
          what: `append → readable, p50, at ${lag.perSecond} commands/s`,
          unit: 'ms',
          ours: spreadOf(lag.p50),
        },
      ],
      audits: lag.audits,
      notes: [
        ...throughput.notes,
        'EventStoreDB is a double that speaks its protocol: no server can be had on this machine. It takes no part in the throughput; in the lag it stands for a fast log.',
        'Brokers, database, services and generator share the cores; Kafka acknowledges without fsync, as always, and PostgreSQL commits read models without waiting for the disk.',
      ],
    };
  },
};

async function withEngines<Result>(work: (engines: TestEngines) => Promise<Result>): Promise<Result> {
  const engines = await startEngines();
  try {
    return await work(engines);
  } finally {
    await engines.stop();
  }
}

async function measureThroughput(
  bench: Bench,
  engines: TestEngines,
): Promise<{ readonly rows: readonly Row[]; readonly notes: readonly string[] }> {
  const stamps = (bench.quick ? 40_000 : 200_000) / STAGES;
  const published = await publishAll(engines.kafka.brokers, () =>
    appendsOf({ minted: stamps, allocated: stamps, sold: stamps, affixed: stamps }),
  );
  bench.log(`  ${published.events} events are on the topics`);
  const runs = new Map<number, (Run & { readonly cpuPerThousand: number })[]>([
    [1, []],
    [2, []],
  ]);
  for (let round = 0; round < (bench.quick ? 1 : ROUNDS); round++)
    for (const [workers, samples] of runs) {
      bench.log(`  round ${round + 1}: ${workers} projections service(s)`);
      samples.push(await project(engines, { workers, round, ...published }));
    }
  const rows = [...runs].flatMap(([workers, samples]): Row[] => {
    const who = workers === 1 ? 'one projections service' : `${workers} projections services`;
    return [
      {
        what: `events projected, ${who}`,
        measure: 'projected',
        unit: 'events/s',
        ours: spreadOf(samples.map(({ perSecond }) => perSecond)),
        target: { kind: 'at-least', value: TARGETS.perSecond },
      },
      {
        what: `from the start of ${who} until all is settled`,
        unit: 's',
        ours: spreadOf(samples.map(({ seconds }) => seconds)),
      },
      {
        what: `CPU seconds of ${who} for 1,000 events`,
        unit: 's',
        ours: spreadOf(samples.map(({ cpuPerThousand }) => cpuPerThousand)),
      },
    ];
  });
  return {
    rows,
    notes: [
      `${published.events.toLocaleString('en')} events of ${stamps.toLocaleString('en')} stamps on 19 partitions: minted, allocated, sold, affixed. Every one goes into three read models. The time begins when a twentieth was taken.`,
    ],
  };
}

/** Projects everything on the topics into a new database. */
async function project(
  { kafka, postgres, variables }: TestEngines,
  {
    workers,
    round,
    ...published
  }: { readonly workers: number; readonly round: number } & Awaited<ReturnType<typeof publishAll>>,
): Promise<Run & { readonly cpuPerThousand: number }> {
  const database = await postgres.createDatabase(`projections_${workers}_${round}`);
  await migratePostgres({ url: database });
  await forgetGroup(kafka.brokers);
  const since = performance.now();
  const services = await Promise.all(
    Array.from({ length: workers }, () =>
      startService('projections', { ...variables, LEDGER_DATABASE_URL: database }),
    ),
  );
  try {
    const run = await untilSettled(database, { ...published, since });
    const cpu = services.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
    return { ...run, cpuPerThousand: (cpu * 1_000) / published.events };
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
}

/** Where Kafka thinks the group is would leave out what a new database has not seen. */
async function forgetGroup(brokers: readonly string[]): Promise<void> {
  const admin = new KafkaClient({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await eventually(
      async () => {
        const { groups } = await admin.listGroups();
        if (!groups.some(({ groupId }) => groupId === GROUP)) return true;
        await admin.deleteGroups([GROUP]).catch(() => undefined);
        return false;
      },
      { what: 'the end of the group', milliseconds: 60_000 },
    );
  } finally {
    await admin.disconnect();
  }
}
