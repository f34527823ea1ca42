import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from '@stamp-ledger/cli';
import {
  cosign,
  emptyRoot,
  formatSignatureLine,
  formatVkey,
  leafHash,
  makeSigner,
  newBundles,
  newTiles,
  openCheckpoint,
  signCheckpoint,
  signReceipt,
  tilePath,
} from '@stamp-ledger/transparency';
import t, { type Test } from 'tap';
import { IDENTITY, ORIGIN, signerOf, World } from '../seal/world.js';
import { CLI } from '../support/cli.js';
import { faultOf } from '../transparency/naive.js';

const world = await World.begin();
t.teardown(() => world.end());
const KEY = formatVkey(IDENTITY.signers[0].verifier);
const path = (name: string): string => world.path(name);

/** Sizes that leave partial tiles, and full ones below a level of their own. */
await world.append(300);
await world.seal();
cpSync(path('log'), path('small'), { recursive: true });
await world.backUp('events-300');
await world.append(370);
await world.seal();
cpSync(path('log'), path('whole'), { recursive: true });
const small = readFileSync(join(path('small'), 'checkpoint'));

let copies = 0;
/** A copy of a log, to be tampered with. */
function copyOf(name: 'small' | 'whole'): string {
  const copy = path(`copy-${copies++}`);
  cpSync(path(name), copy, { recursive: true });
  return copy;
}

/** A checkpoint as the auditor keeps it. */
function kept(bytes: Buffer): string {
  const file = path(`kept-${copies++}`);
  writeFileSync(file, bytes);
  return file;
}

interface Report {
  readonly outcome: string;
  readonly findingCount: number;
  readonly findings: readonly { readonly kind: string; readonly index?: number; readonly path?: string }[];
  readonly evidence?: string;
  readonly [name: string]: unknown;
}

/** Runs the command line in this process: there are hundreds of audits here. */
async function cli(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const code = await run(args, streams);
  return { code, stdout: String(streams.stdout.read()), stderr: String(streams.stderr.read()) };
}

async function audit(mode: string, args: readonly string[]): Promise<{ code: number; report: Report }> {
  const { code, stdout, stderr } = await cli([
    ...['audit', mode, ...args],
    ...['--evidence', path('evidence'), '--json'],
  ]);
  const report = JSON.parse(stdout) as Report;
  if (report.findings === undefined) throw new Error(`${stderr}${stdout}`);
  return { code, report };
}

const flip = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
};

t.test(
  'a whole log is clean, from a directory and over HTTP, and the kept checkpoint moves on',
  async (t) => {
    const file = path('mine.checkpoint');
    const first = await audit('quick', ['--log', path('small'), '--key', KEY, '--checkpoint', file]);
    t.match(first, { code: 0, report: { outcome: 'clean', size: 300, origin: ORIGIN } });
    t.strictSame(readFileSync(file), small, 'the first audit keeps what it saw');
    const server = createServer((request, response) => {
      const name = join(path('whole'), request.url?.replace('/log', '') ?? '');
      if (existsSync(name)) response.end(readFileSync(name));
      else response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/log`;
    for (const mode of ['quick', 'deep'])
      t.match(await audit(mode, ['--log', url, '--key', KEY, '--checkpoint', file]), {
        code: 0,
        report: { outcome: 'clean', size: 670, findingCount: 0 },
      });
    t.strictSame(readFileSync(file), readFileSync(join(path('whole'), 'checkpoint')));
  },
);

t.test('a log that is smaller than it was is an alarm, with evidence, and nothing moves on', async (t) => {
  const whole = readFileSync(join(path('whole'), 'checkpoint'));
  const file = kept(whole);
  const { code, report } = await audit('quick', ['--log', path('small'), '--key', KEY, '--checkpoint', file]);
  t.equal(code, 10);
  t.match(report.findings, [{ class: 'contradiction', kind: 'rolled-back' }]);
  t.strictSame(readFileSync(file), whole);
  const evidence = report.evidence ?? '';
  t.strictSame(readFileSync(join(evidence, 'kept.checkpoint')), whole);
  t.strictSame(readFileSync(join(evidence, 'found.checkpoint')), small);
});

t.test('a log that grew out of another history is a fork, of any size', async (t) => {
  const other = await World.begin();
  t.teardown(() => other.end());
  for (const count of [300, 370]) {
    await other.append(count, 'rewritten');
    await other.seal();
    for (const mode of ['quick', 'deep']) {
      const file = kept(small);
      const { code, report } = await audit(mode, [
        '--log',
        other.path('log'),
        '--key',
        KEY,
        '--checkpoint',
        file,
      ]);
      t.equal(code, 10);
      t.ok(report.findings.every(({ kind }) => kind === 'forked') && report.findingCount > 0);
      t.strictSame(readFileSync(file), small);
      t.ok(existsSync(join(report.evidence ?? '', 'consistency-proof')));
    }
  }
});

t.test('what no known key signed, or another log did, is not believed', async (t) => {
  const untrusted = async (t: Test, checkpoint: Buffer | undefined, kind: string, code = 11) => {
    const log = copyOf('small');
    if (checkpoint === undefined) rmSync(join(log, 'checkpoint'));
    else writeFileSync(join(log, 'checkpoint'), checkpoint);
    for (const mode of ['quick', 'deep'])
      t.match(await audit(mode, ['--log', log, '--key', KEY]), { code, report: { findings: [{ kind }] } });
  };
  const text = small.toString();
  await untrusted(t, undefined, 'missing-checkpoint', 12);
  await untrusted(t, Buffer.from('nothing'), 'malformed-checkpoint');
  await untrusted(t, Buffer.from(text.replace('300', '301')), 'bad-signature');
  const [strange, elsewhere] = [signerOf(9), signerOf(1, 'elsewhere.example/log')];
  const { size, root } = openCheckpoint(small, { origin: ORIGIN, logKeys: [IDENTITY.signers[0].verifier] });
  await untrusted(t, signCheckpoint({ origin: ORIGIN, size, root }, [strange]), 'unknown-key');
  await untrusted(
    t,
    signCheckpoint({ origin: 'elsewhere.example/log', size, root }, [IDENTITY.signers[0]]),
    'wrong-origin',
  );
  const { code, stderr } = await cli([
    'audit',
    'quick',
    '--log',
    path('small'),
    '--key',
    formatVkey(elsewhere.verifier),
  ]);
  t.equal(code, 11, stderr);
});

t.test('a key of another name or kind does not stand for the log, though it is among the keys', async (t) => {
  const { size, root } = openCheckpoint(small, { origin: ORIGIN, logKeys: [IDENTITY.signers[0].verifier] });
  const witness = makeSigner({ name: ORIGIN, seed: Buffer.alloc(32, 3), algorithm: 4 });
  const { keyId } = witness.verifier;
  const signature = cosign({
    signer: witness,
    checkpoint: `${small.toString().split('\n\n')[0]}\n`,
    time: 1,
  });
  const cosigned = `${small.toString().split('\n\n')[0]}\n\n${formatSignatureLine({ name: ORIGIN, keyId, signature })}`;
  const receipts = signerOf(9, `${ORIGIN}/receipts`);
  for (const [verifier, checkpoint] of [
    [witness.verifier, Buffer.from(cosigned)],
    [receipts.verifier, signCheckpoint({ origin: ORIGIN, size, root }, [receipts])],
  ] as const) {
    t.equal(
      faultOf(() => openCheckpoint(checkpoint, { origin: ORIGIN, logKeys: [verifier] })),
      'no-known-signature',
    );
    const keys = path('keys');
    writeFileSync(keys, `${KEY}\n${formatVkey(verifier)}\n`);
    t.equal((await cli(['audit', 'quick', '--log', path('small'), '--key', keys])).code, 2);
  }
});

t.test('a checkpoint that was signed for other tiles is kept as evidence', async (t) => {
  const log = copyOf('small');
  const root = leafHash(Buffer.from('something else'));
  const signed = signCheckpoint({ origin: ORIGIN, size: 300, root }, [IDENTITY.signers[0]]);
  writeFileSync(join(log, 'checkpoint'), signed);
  for (const mode of ['quick', 'deep']) {
    const { code, report } = await audit(mode, ['--log', log, '--key', KEY]);
    t.match({ code, report }, { code: 13, report: { findings: [{ kind: 'root-differs' }] } });
    t.strictSame(readFileSync(join(report.evidence ?? '', 'found.checkpoint')), signed);
  }
});

t.test('an empty log is clean, extends to any, and a kept checkpoint of it stands for nothing', async (t) => {
  const empty = await World.begin();
  t.teardown(() => empty.end());
  await empty.seal();
  const file = path('empty.checkpoint');
  for (const mode of ['quick', 'deep'])
    t.match(await audit(mode, ['--log', empty.path('log'), '--key', KEY, '--checkpoint', file]), {
      code: 0,
      report: { size: 0 },
    });
  t.match(await audit('quick', ['--log', path('whole'), '--key', KEY, '--checkpoint', file]), { code: 0 });
});

t.test('every flipped, cut or missing file of the log is found, and the file is named', async (t) => {
  const files = [...newTiles({ from: 0, to: 670 }), ...newBundles({ from: 0, to: 670 })].map(tilePath);
  t.equal(files.length, 7);
  for (const file of files) {
    const flipped = copyOf('whole');
    flip(join(flipped, file), 40);
    t.match(
      await audit('deep', ['--log', flipped, '--key', KEY]),
      { code: 13 },
      `${file}, a bit of it flipped`,
    );
    const cut = copyOf('whole');
    const bytes = readFileSync(join(cut, file));
    writeFileSync(join(cut, file), bytes.subarray(0, -5));
    t.match(await audit('deep', ['--log', cut, '--key', KEY]), { code: 13 }, `${file}, cut`);
    const long = copyOf('whole');
    writeFileSync(join(long, file), Buffer.concat([bytes, Buffer.alloc(32)]));
    t.match(
      await audit('deep', ['--log', long, '--key', KEY]),
      { code: 13, report: { findings: [{ path: file }] } },
      `${file}, with more at its end`,
    );
    const gone = copyOf('whole');
    rmSync(join(gone, file));
    const { code, report } = await audit('deep', ['--log', gone, '--key', KEY]);
    t.equal(code, 12, `${file}, removed`);
    t.ok(report.findings.some((finding) => finding.path === file));
  }
});

t.test('a copy is read no further than a log goes: no device, no pipe, no endless file', async (t) => {
  const piped = copyOf('whole');
  rmSync(join(piped, 'tile/0/000'));
  execFileSync('mkfifo', [join(piped, 'tile/0/000')]);
  const endless = copyOf('whole');
  truncateSync(join(endless, 'tile/0/000'), 2 ** 40);
  for (const [log, why] of [
    [piped, 'is no file'],
    [endless, 'is larger than any file of a log'],
  ] as const) {
    const { code, stderr } = await cli(['audit', 'deep', '--log', log, '--key', KEY]);
    t.equal(code, 5);
    t.match(stderr, why);
  }
});

t.test('why a log cannot be had is said', async (t) => {
  const server = createServer((_request, response) => response.writeHead(302, { location: '/' }).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const log = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stderr } = await cli(['audit', 'quick', '--log', log, '--key', KEY]);
  t.equal(code, 5);
  t.match(stderr, 'redirect');
});

t.test('a valid proof over an entry that does not fit it passes quick, and never deep', async (t) => {
  const log = copyOf('whole');
  flip(join(log, 'tile/entries/000'), 20);
  const args = ['--log', log, '--key', KEY, '--checkpoint', kept(small)];
  t.match(await audit('quick', args), { code: 0 });
  t.match(await audit('deep', ['--log', log, '--key', KEY, '--checkpoint', kept(small)]), {
    code: 13,
    report: { findings: [{ kind: 'entry-differs', index: 0, path: 'tile/entries/000' }] },
  });
});

t.test('the event store is compared entry by entry, and what happened to it is named', async (t) => {
  await world.store.close();
  t.teardown(() => {
    delete process.env.LEDGER_DATA_DIR;
  });
  const source = (events: string) => {
    process.env.LEDGER_DATA_DIR = events;
    return audit('source', ['--store', '--log', path('whole'), '--key', KEY]);
  };
  t.match(await source(path('events')), { code: 0, report: { compared: 670, unsealed: 0 } });
  t.match(await source(path('events-300')), {
    code: 14,
    report: { findings: [{ kind: 'event-missing', index: 300 }] },
  });
  for (const [name, change] of Object.entries(TAMPERINGS)) {
    const events = path(`events-${name}`);
    cpSync(path('events'), events, { recursive: true });
    await tamper(events, change.sql);
    const { code, report } = await source(events);
    t.equal(code, 14, name);
    t.match(report.findings, [{ kind: change.kind, index: change.index }], name);
    t.equal(report.findingCount, 1, `${name} is one finding`);
  }
  await world.reopen();
});

const TAMPERINGS = {
  rewritten: {
    sql: `UPDATE event SET data = replace(data, '"', '" ') WHERE position = 101`,
    kind: 'event-rewritten',
    index: 100,
  },
  'dropped, with a gap in its place': {
    sql: 'DELETE FROM event WHERE position = 101',
    kind: 'source-unreadable',
    index: undefined,
  },
  dropped: {
    sql: `DELETE FROM event WHERE position = 101;
      UPDATE event SET position = -position WHERE position > 101;
      UPDATE event SET position = -position - 1 WHERE position < 0`,
    kind: 'event-dropped',
    index: 100,
  },
  inserted: {
    sql: `UPDATE event SET position = -position WHERE position > 100;
      UPDATE event SET position = 1 - position WHERE position < 0;
      INSERT INTO event SELECT 101, stream || 'x', revision, id || 'x', type, data, metadata FROM event WHERE position = 1`,
    kind: 'event-inserted',
    index: 100,
  },
  swapped: {
    sql: `UPDATE event SET position = -1 WHERE position = 101;
      UPDATE event SET position = 101 WHERE position = 102;
      UPDATE event SET position = 102 WHERE position = -1`,
    kind: 'events-swapped',
    index: 100,
  },
} as const;

/** What somebody with the file in hands can do: the triggers of the log are no hindrance. */
async function tamper(directory: string, sql: string): Promise<void> {
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(join(directory, 'log.sqlite'));
  for (const name of ['event_is_never_updated', 'event_is_never_deleted']) db.exec(`DROP TRIGGER ${name}`);
  db.exec(sql);
  db.close();
}

t.test('an event that a receipt promised and the log does not have is reported', async (t) => {
  const signer = signerOf(7, `${ORIGIN}/receipts`);
  const receiptOf = (entry: Buffer, recordedAt?: string): string => {
    const { id, metadata } = JSON.parse(entry.toString()) as { id: string; metadata: { recordedAt: string } };
    const event = { eventId: id, leaf: leafHash(entry), recordedAt: recordedAt ?? metadata.recordedAt };
    return signReceipt({ origin: ORIGIN, events: [event] }, signer).toString('base64');
  };
  const entries = await world.entries();
  const lost = Buffer.from(entries[5]!.toString().replace('"revision":0', '"revision":9'));
  const receiptsOf = async (log: string, ...lines: string[]) => {
    const file = path('receipts');
    writeFileSync(file, lines.join('\n'));
    const { code, stdout } = await cli([
      ...['audit', 'receipts', file, '--log', path(log), '--key', KEY, '--json'],
      ...['--receipt-key', formatVkey(signer.verifier), '--evidence', path('evidence')],
    ]);
    return { code, report: JSON.parse(stdout) as Report };
  };
  const receipts = (...lines: string[]) => receiptsOf('whole', ...lines);
  mkdirSync(path('nothing-sealed'));
  const root = emptyRoot();
  writeFileSync(
    path('nothing-sealed/checkpoint'),
    signCheckpoint({ origin: ORIGIN, size: 0, root }, [IDENTITY.signers[0]]),
  );
  const held = [receiptOf(entries[0]!), receiptOf(entries[669]!)];
  t.match(await receipts(...held), { code: 0, report: { promisesKept: 2, pending: 0 } });
  t.match(await receipts(...held, receiptOf(lost, '2000-01-01T00:00:00.000Z')), {
    code: 15,
    report: { promisesKept: 2, findings: [{ kind: 'receipt-missing' }] },
  });
  t.match(await receipts(...held, receiptOf(lost, '2099-01-01T00:00:00.000Z')), {
    code: 0,
    report: { promisesKept: 2, pending: 1 },
  });
  for (const place of ['small', 'nothing-sealed'])
    t.match(await receiptsOf(place, receiptOf(entries[669]!)), {
      code: 15,
      report: { promisesKept: 0, findings: [{ kind: 'receipt-missing' }] },
    });
  t.match(await receipts('c2NyaWJibGU='), { code: 15, report: { findings: [{ kind: 'receipt-invalid' }] } });
});

t.test('a quorum of witnesses is counted by a policy', async (t) => {
  const witnesses = [1, 2].map((number) =>
    makeSigner({ name: `w${number}.example`, seed: Buffer.alloc(32, 40 + number), algorithm: 4 }),
  );
  const policy = path('policy');
  writeFileSync(
    policy,
    [
      `log ${KEY}`,
      ...witnesses.map(({ verifier }, at) => `witness w${at + 1} ${formatVkey(verifier)}`),
      'group both all w1 w2',
      'quorum both',
      '',
    ].join('\n'),
  );
  const log = copyOf('small');
  const [text = ''] = small.toString().split('\n\n');
  const line = (at: number): string => {
    const signer = witnesses[at];
    if (signer === undefined) throw new Error('no such witness');
    const { name, keyId } = signer.verifier;
    return formatSignatureLine({
      name,
      keyId,
      signature: cosign({ signer, checkpoint: `${text}\n`, time: 1_750_000_000 }),
    });
  };
  writeFileSync(join(log, 'checkpoint'), Buffer.concat([small, Buffer.from(line(0))]));
  t.match(await audit('quorum', ['--log', log, '--policy', policy]), { code: 16 });
  writeFileSync(join(log, 'checkpoint'), Buffer.concat([small, Buffer.from(line(0) + line(1))]));
  t.match(await audit('quorum', ['--log', log, '--policy', policy]), {
    code: 0,
    report: { outcome: 'clean' },
  });
});

t.test('a checkpoint that cannot be kept is a mistake of who asks', async (t) => {
  const { code, stderr } = await cli([
    ...['audit', 'quick', '--log', path('small'), '--key', KEY],
    ...['--checkpoint', path('nowhere/kept')],
  ]);
  t.equal(code, 2);
  t.match(stderr, 'cannot keep the checkpoint');
});

t.test('a quorum may lie behind what is published, but not for long, nor beside it', async (t) => {
  const signer = makeSigner({ name: 'w.example', seed: Buffer.alloc(32, 43), algorithm: 4 });
  const { name, keyId } = signer.verifier;
  const policy = path('policy-of-one');
  writeFileSync(policy, `log ${KEY}\nwitness w ${formatVkey(signer.verifier)}\nquorum w\n`);
  const cosignedAt = (note: Buffer, time: number): Buffer => {
    const [text = ''] = note.toString().split('\n\n');
    const signature = cosign({ signer, checkpoint: `${text}\n`, time });
    return Buffer.concat([note, Buffer.from(formatSignatureLine({ name, keyId, signature }))]);
  };
  const now = Math.floor(Date.now() / 1_000);
  const quorum = (log: string) => audit('quorum', ['--log', log, '--policy', policy]);
  const log = copyOf('whole');
  t.match(await quorum(log), { code: 16 }, 'nobody has cosigned');
  const file = join(log, 'cosigned-checkpoint');
  writeFileSync(file, cosignedAt(small, now - 60));
  t.match(await quorum(log), {
    code: 0,
    report: { size: 670, cosigned: 300, cosignedAt: new Date((now - 60) * 1_000).toISOString() },
  });
  writeFileSync(file, cosignedAt(small, now - 4_000));
  t.match(await quorum(log), { code: 16, report: { findings: [{ path: 'cosigned-checkpoint' }] } }, 'old');
  const other = await World.begin();
  t.teardown(() => other.end());
  await other.append(300, 'rewritten');
  await other.seal();
  writeFileSync(file, cosignedAt((await other.tiles.readCheckpoint())!, now - 60));
  const { code, report } = await quorum(log);
  t.match({ code, report }, { code: 10, report: { findings: [{ kind: 'forked' }] } }, 'another history');
  const evidence = (name: string) => readFileSync(join(report.evidence ?? '', name));
  t.strictSame(
    evidence('cosigned.checkpoint'),
    readFileSync(file),
    'both that contradict each other are kept',
  );
  t.strictSame(evidence('found.checkpoint'), readFileSync(join(log, 'checkpoint')));
  t.ok(evidence('cosigned-consistency-proof').length > 0, 'and the proof that does not hold');
});

t.test('a cosigned checkpoint that is smaller than the one kept is a contradiction', async (t) => {
  const policy = path('policy-of-none');
  writeFileSync(policy, `log ${KEY}\nquorum none\n`);
  const file = path('quorum.checkpoint');
  const quorum = (log: string) => audit('quorum', ['--log', log, '--policy', policy, '--checkpoint', file]);
  t.match(await quorum(path('small')), { code: 0 });
  t.match(await quorum(path('whole')), { code: 0, report: { kept: 300 } });
  const { code, report } = await quorum(path('small'));
  t.match({ code, report }, { code: 10, report: { findings: [{ kind: 'rolled-back' }] } });
  t.strictSame(readFileSync(join(report.evidence ?? '', 'found.checkpoint')), small);
  t.strictSame(readFileSync(file), readFileSync(join(path('whole'), 'checkpoint')), 'kept as it was');
});

t.test('a fork behind a hundred damaged entries is still the gravest finding, with evidence', async (t) => {
  const other = await World.begin();
  t.teardown(() => other.end());
  await other.append(670, 'rewritten');
  await other.seal();
  const log = path('damaged-fork');
  cpSync(other.path('log'), log, { recursive: true });
  // The first bundle of the other history: every entry of it is damaged. Without the upper tile no proof can be made.
  cpSync(join(path('whole'), 'tile/entries/000'), join(log, 'tile/entries/000'));
  rmSync(join(log, 'tile/1'), { recursive: true });
  const { code, report } = await audit('deep', ['--log', log, '--key', KEY, '--checkpoint', kept(small)]);
  t.equal(code, 10);
  t.ok(report.findingCount > 256);
  t.ok(report.findings.length < 130, 'and not all of them are listed');
  t.ok(report.findings.some(({ kind }) => kind === 'forked'));
  t.ok(existsSync(join(report.evidence ?? '', 'found.checkpoint')));
});

t.test('an event store is let go of, also when its audit could not begin', async (t) => {
  await world.store.close();
  t.teardown(() => {
    delete process.env.LEDGER_DATA_DIR;
  });
  process.env.LEDGER_DATA_DIR = path('events');
  const source = (...args: string[]) => cli(['audit', 'source', '--store', ...args]);
  t.equal((await source('--log', 'http://127.0.0.1:9/log', '--key', KEY)).code, 5);
  t.equal((await source('--log', path('whole'), '--key', 'no key')).code, 2);
  t.equal((await source('--log', path('nowhere'), '--key', KEY)).code, 12);
  t.equal((await source('--log', path('whole'), '--key', KEY)).code, 0);
  await world.reopen();
});

t.test('what an auditor gets wrong is told apart from what the log gets wrong', async (t) => {
  mkdirSync(path('nothing'));
  for (const [args, code] of [
    [['--log', path('small'), '--key', 'no key'], 2],
    [['--log', path('small'), '--key', KEY, '--checkpoint', path('whole')], 2],
    [['--log', path('small'), '--key', KEY, '--checkpoint', kept(Buffer.from('scribble'))], 2],
    [['--log', path('small')], 2],
    [['--log', 'http://127.0.0.1:9/log', '--key', KEY], 5],
    [['--log', path('nothing'), '--key', KEY], 12],
  ] as const)
    t.equal((await cli(['audit', 'quick', ...args])).code, code, args.join(' '));
});

t.test(
  'kill -9 in the middle of a scan: what was kept stays, and the next audit goes on from it',
  async (t) => {
    const file = kept(small);
    let asked = (): void => undefined;
    const isScanning = new Promise<void>((resolve) => {
      asked = resolve;
    });
    let isHeld = true;
    const server = createServer((request, response) => {
      // The last bundle is not given: until then the scan has not ended.
      if (isHeld && request.url === '/tile/entries/002.p/158') return asked();
      const place = join(path('whole'), request.url ?? '');
      if (existsSync(place)) response.end(readFileSync(place));
      else response.writeHead(404).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const log = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const options = ['--log', log, '--key', KEY, '--checkpoint', file];
    const child = spawn(process.execPath, [CLI, 'audit', 'deep', ...options], { stdio: 'ignore' });
    await isScanning;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    t.strictSame(readFileSync(file), small, 'not moved past what was not read');
    isHeld = false;
    t.match(await audit('deep', options), { code: 0, report: { outcome: 'clean', kept: 300, size: 670 } });
    t.strictSame(readFileSync(file), readFileSync(join(path('whole'), 'checkpoint')));
  },
);
