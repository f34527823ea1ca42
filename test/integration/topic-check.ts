import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** What an independent consumer found on a topic. */
export interface TopicReading {
  readonly messages: number;
  readonly repeated: number;
  /** Highest revision by stream. */
  readonly revisions: ReadonlyMap<string, number>;
}

/**
 * Reads a topic from its beginning to its end with kcat, a program of librdkafka's that knows nothing of the ledger, and
 * asserts for each stream that no revision comes before the one that precedes it. Repeats are allowed: at least once.
 */
export async function readTopic(broker: string, topic: string): Promise<TopicReading> {
  const child = spawn('kcat', ['-b', broker, '-t', topic, '-C', '-e', '-q', '-u', '-f', '%p %s\n'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const revisions = new Map<string, number>();
  const partitions = new Map<string, string>();
  let messages = 0;
  let repeated = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const space = line.indexOf(' ');
    const { specversion, type, subject, ledgerrevision } = JSON.parse(line.slice(space + 1));
    assert.equal(specversion, '1.0');
    if (String(type).startsWith('ledger.')) continue;
    messages++;
    const partition = line.slice(0, space);
    assert.equal(partitions.get(subject) ?? partition, partition, `${subject} stays in its partition`);
    partitions.set(subject, partition);
    const revision = Number(ledgerrevision);
    const last = revisions.get(subject) ?? -1;
    assert.ok(revision <= last + 1, `${subject}: revision ${revision} after ${last}`);
    if (revision <= last) repeated++;
    else revisions.set(subject, revision);
  }
  const [code] = await ended;
  assert.equal(code, 0, 'kcat read to the end');
  return { messages, repeated, revisions };
}
