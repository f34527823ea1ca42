import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka as KafkaClient, logLevel } from 'kafkajs';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { type GuardedProcess, startGuarded } from './guarded-process.js';

/** A real Apache Kafka on loopback; each node is broker and controller both. */
export interface Kafka {
  readonly brokers: readonly string[];
  /** Ends a node (the first, if not said otherwise) in good order and starts it again on the same port and data. */
  restart(node?: number): Promise<void>;
  /** `kill -9`. */
  kill(node?: number): Promise<void>;
  start(node?: number): Promise<void>;
  /**
   * Keeps a copy of the data of the only node, over a restart; the answer crashes the node and starts it on that copy, of
   * one topic if told.
   */
  keepCopy(): Promise<(topic?: string) => Promise<void>>;
  stop(): Promise<void>;
}

export const KAFKA_VERSION = '4.4.0';
const READY_MILLISECONDS = 60_000;
const FORMAT_MILLISECONDS = 60_000;
const DOWNLOAD_MILLISECONDS = 300_000;
const CACHE = join(homedir(), '.cache', 'stamp-ledger', `kafka-${KAFKA_VERSION}`);
const CLUSTER = Buffer.from('stamp-ledger-tst').toString('base64url');
const run = promisify(execFile);

export async function startKafka({ nodes: count = 1 }: { readonly nodes?: 1 | 3 } = {}): Promise<Kafka> {
  const java = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Dkafka.logs.dir=.',
    '-cp',
    join(await libraries(), '*'),
  ];
  const directory = mkdtempSync(join(tmpdir(), 'stamp-ledger-kafka-'));
  const places: Place[] = [];
  for (let id = 1; id <= count; id++)
    places.push({ id, port: await freePort(), controller: await freePort() });
  const nodes = await Promise.all(
    places.map(async (place) => {
      const properties = join(directory, `${place.id}.properties`);
      writeFileSync(properties, propertiesOf(place, places, directory));
      await run('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', properties], {
        timeout: FORMAT_MILLISECONDS,
      });
      return new Node(`127.0.0.1:${place.port}`, ['-Xmx512m', ...java, 'kafka.Kafka', properties]);
    }),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all(nodes.map((node) => node.start(count)));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    brokers: nodes.map(({ broker }) => broker),
    stop,
    start: async (node = 0) => nodes[node]!.start(1),
    kill: async (node = 0) => nodes[node]!.kill(),
    keepCopy: async () => {
      const [node] = nodes;
      const data = join(directory, 'data-1');
      const copy = join(directory, 'copy');
      await node!.end();
      rmSync(copy, { recursive: true, force: true });
      cpSync(data, copy, { recursive: true });
      await node!.start(1);
      return async (topic = '') => {
        await node!.kill();
        for (const name of readdirSync(data))
          if (name.startsWith(topic)) rmSync(join(data, name), { recursive: true });
        for (const name of readdirSync(copy))
          if (name.startsWith(topic)) cpSync(join(copy, name), join(data, name), { recursive: true });
        await node!.start(1);
      };
    },
    restart: async (node = 0) => {
      await nodes[node]!.end();
      await nodes[node]!.start(1);
    },
  };
}

interface Place {
  readonly id: number;
  readonly port: number;
  readonly controller: number;
}

class Node {
  #process: GuardedProcess | undefined;

  constructor(
    readonly broker: string,
    private readonly args: readonly string[],
  ) {}

  /** Resolves when it answers, and knows of so many nodes at least. */
  async start(nodes: number): Promise<void> {
    this.#process = startGuarded('java', this.args);
    await answering(this.broker, nodes, this.#process);
  }

  async end(): Promise<void> {
    await this.#process?.stop();
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }
}

function propertiesOf({ id, port, controller }: Place, places: readonly Place[], directory: string): string {
  const copies = places.length;
  return `${Object.entries({
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': places.map((of) => `${of.id}@127.0.0.1:${of.controller}`).join(','),
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': join(directory, `data-${id}`),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // A node that is killed is to be noticed soon.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    // One alone has nobody to take its partitions over.
    'controlled.shutdown.enable': copies > 1,
  })
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

async function answering(broker: string, nodes: number, server: GuardedProcess): Promise<void> {
  await eventually(
    async () => {
      if (server.isGone()) throw new Error(`Kafka ended: ${server.output()}`);
      const admin = new KafkaClient({
        brokers: [broker],
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
      }).admin();
      try {
        await admin.connect();
        return (await admin.describeCluster()).brokers.length >= nodes;
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
