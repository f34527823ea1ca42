import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka as KafkaClient, logLevel } from 'kafkajs';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { type GuardedProcess, startGuarded } from './guarded-process.js';

/** A real Apache Kafka: one node, broker and controller both, on loopback. */
export interface Kafka {
  readonly brokers: readonly string[];
  /** Ends it in good order and starts it again on the same port and data. */
  restart(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const KAFKA_VERSION = '4.4.0';
const READY_MILLISECONDS = 60_000;
const DOWNLOAD_MILLISECONDS = 300_000;
const CACHE = join(homedir(), '.cache', 'stamp-ledger', `kafka-${KAFKA_VERSION}`);
const run = promisify(execFile);

export async function startKafka(): Promise<Kafka> {
  const classpath = join(await libraries(), '*');
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-kafka-'));
  const [port, controller] = [await freePort(), await freePort()];
  const properties = join(directory, 'server.properties');
  writeFileSync(properties, propertiesOf({ directory, port, controller }));
  const java = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dkafka.logs.dir=.', '-cp', classpath];
  const cluster = Buffer.from('stamp-ledger-tst').toString('base64url');
  await run('java', [
    ...java,
    'kafka.tools.StorageTool',
    'format',
    '--standalone',
    '-t',
    cluster,
    '-c',
    properties,
  ]);
  const brokers = [`127.0.0.1:${port}`];
  let server: GuardedProcess | undefined;
  const start = async (): Promise<void> => {
    server = startGuarded('java', ['-Xmx512m', ...java, 'kafka.Kafka', properties]);
    await answering(brokers, server);
  };
  await start();
  return {
    brokers,
    start,
    kill: async () => server?.kill(),
    restart: async () => {
      await server?.stop();
      await start();
    },
    stop: async () => {
      await server?.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function propertiesOf({
  directory,
  port,
  controller,
}: {
  readonly directory: string;
  readonly port: number;
  readonly controller: number;
}): string {
  return `${Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': join(directory, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // Nobody is there to take the partitions over.
    'controlled.shutdown.enable': false,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

async function answering(brokers: readonly string[], server: GuardedProcess): Promise<void> {
  await eventually(
    async () => {
      if (server.isGone()) throw new Error(`Kafka ended: ${server.output()}`);
      const admin = new KafkaClient({
        brokers: [...brokers],
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
      }).admin();
      try {
        await admin.connect();
        return (await admin.describeCluster()).brokers.length > 0;
      } catch {
        return false;
      } finally {
        await admin.disconnect().catch(() => undefined);
      }
    },
    { what: 'Kafka', milliseconds: READY_MILLISECONDS },
  );
}

/** Kafka's jars, from Maven once, then from the cache. */
async function libraries(): Promise<string> {
  if (existsSync(CACHE)) return CACHE;
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-maven-'));
  const downloaded = `${CACHE}.${process.pid}`;
  mkdirSync(downloaded, { recursive: true });
  writeFileSync(join(directory, 'pom.xml'), POM);
  await run(
    'mvn',
    [
      '-q',
      '-B',
      '-f',
      join(directory, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${downloaded}`,
    ],
    { timeout: DOWNLOAD_MILLISECONDS },
  );
  try {
    renameSync(downloaded, CACHE);
  } catch {
    // Another test was faster.
    rmSync(downloaded, { recursive: true, force: true });
  }
  rmSync(directory, { recursive: true, force: true });
  return CACHE;
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>stamp-ledger</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><dependencies><dependency>
<groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version>
</dependency></dependencies></project>
`;
