import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import {
  auditDeep,
  auditQuick,
  auditQuorum,
  auditReceipts,
  auditSource,
  type LogAuditReport,
  type LogAuditRequest,
  openCheckpoint,
  openOfPolicy,
  parsePolicy,
  TransparencyError,
} from '@stamp-ledger/app';
import type { Instant } from '@stamp-ledger/domain';
import type { Command } from 'commander';
import { exitCodeOfReport } from '../audit/audit-exit-code.js';
import { type LogOptions, logOf } from '../audit/audited-log.js';
import { eventsOfLedger, openEventsOfStore } from '../audit/event-sources.js';
import { type Kept, keep, readKept, readTrust, writeEvidence } from '../audit/kept.js';
import { type ExitCode, UsageError } from '../exit-codes.js';
import { startProgress } from '../progress.js';
import type { Bind, Session } from '../session.js';
import { grouped } from '../table.js';

interface KeptOptions extends LogOptions {
  readonly checkpoint?: string;
  readonly evidence: string;
}

interface AuditOptions extends KeptOptions {
  readonly key: string;
  readonly origin?: string;
}

interface SourceOptions extends AuditOptions {
  readonly store?: boolean;
}

interface ReceiptOptions extends AuditOptions {
  readonly receiptKey: string;
}

interface QuorumOptions extends KeptOptions {
  readonly policy: string;
}

const TRUST_HELP = `
The key comes from the operator once, by a way that you trust (the ledger serves it at /log/vkeys, but an auditor must not
ask the audited). The checkpoint file is yours: it is made by the first audit and moves on with each clean one, never past
a contradiction. Whatever is found against a checkpoint that the log's key signed is written to the evidence directory.`;

/** Audits of the transparency log from outside. Nothing but the key and the kept checkpoint is believed. */
export function addAuditCommands(program: Command, bind: Bind): void {
  const audit = program
    .command('audit')
    .description('check the transparency log, without trusting the ledger');
  withTrust(audit, 'quick', 'does the log extend the checkpoint that was kept?').action(
    bind((session, options: AuditOptions) => run(session, options, auditQuick)),
  );
  withTrust(audit, 'deep', 'read and hash every entry and every tile').action(
    bind((session, options: AuditOptions) => run(session, options, auditDeep)),
  );
  withTrust(audit, 'source', 'as deep, and make each entry again from the events of the ledger')
    .option('--store', 'take the events from the event store that the environment names, not from --url')
    .action(bind(auditAgainstSource));
  withTrust(audit, 'receipts', 'as deep, and look for every event that a receipt promised')
    .argument('<file>', 'receipts, one a line as the header Ledger-Receipt has them; `-` is stdin')
    .requiredOption('--receipt-key <vkey>', 'public key that receipts are signed with, or a file with keys')
    .action(bind(auditOfReceipts));
  withKept(audit, 'quorum', 'have enough witnesses cosigned what the log publishes?')
    .requiredOption('--policy <file>', 'which logs and witnesses count (C2SP tlog-policy)')
    .action(bind(quorum));
}

const withLog = (parent: Command, name: string, description: string): Command =>
  parent
    .command(name)
    .description(description)
    .option('--log <place>', 'URL of the log, or a directory with a copy of it (default: /log of --url)');

const withKept = (parent: Command, name: string, description: string): Command =>
  withLog(parent, name, description)
    .option('--checkpoint <file>', 'the checkpoint you kept; moved on when the audit is clean')
    .option('--evidence <directory>', 'where what is found is written', './audit-evidence');

const withTrust = (parent: Command, name: string, description: string): Command =>
  withKept(parent, name, description)
    .requiredOption('--key <vkey>', 'public key of the log, or a file with keys, one a line')
    .option('--origin <origin>', 'name of the log (default: that of the first key)')
    .addHelpText('after', TRUST_HELP);

async function run<Report extends LogAuditReport>(
  session: Session,
  options: AuditOptions,
  audit: (request: LogAuditRequest) => Promise<Report>,
  more: (report: Report) => Readonly<Record<string, number>> = () => ({}),
): Promise<ExitCode> {
  const trust = await readTrust(options.key, options.origin);
  const file = options.checkpoint;
  const kept = file === undefined ? undefined : await readKept(file, (bytes) => openCheckpoint(bytes, trust));
  let progress: ReturnType<typeof startProgress> | undefined;
  const report = await audit({
    log: logOf(session, options),
    trust,
    kept: kept?.checkpoint,
    onProgress: (done, total) => {
      progress ??= startProgress(session.output, 'auditing', total);
      progress.update(done);
    },
  }).finally(() => progress?.stop());
  return conclude(session, options, { report, kept, more: more(report) });
}

/** Writes down what was found, or keeps the checkpoint of a clean audit. */
async function conclude(
  session: Session,
  options: KeptOptions,
  {
    report,
    kept,
    more,
  }: {
    readonly report: LogAuditReport;
    readonly kept: Kept | undefined;
    readonly more: Told;
  },
): Promise<ExitCode> {
  const file = options.checkpoint;
  const evidence = incriminates(report)
    ? await writeEvidence(options.evidence, { report, kept: kept?.bytes })
    : undefined;
  if (report.findingCount === 0 && file !== undefined && report.checkpoint !== undefined)
    await keep(file, report.checkpoint);
  await tell(session, report, { kept: kept?.checkpoint.size, evidence, ...more });
  return exitCodeOfReport(report);
}

async function auditAgainstSource(session: Session, options: SourceOptions): Promise<ExitCode> {
  const store = options.store === true ? await openEventsOfStore(process.env) : undefined;
  const events = store?.events ?? eventsOfLedger(session.client);
  try {
    return await run(
      session,
      options,
      (request) => auditSource({ ...request, events }),
      ({ compared, unsealed }) => ({ compared, unsealed }),
    );
  } finally {
    await store?.close();
  }
}

async function auditOfReceipts(session: Session, file: string, options: ReceiptOptions): Promise<ExitCode> {
  const { logKeys: receiptKeys } = await readTrust(options.receiptKey, undefined);
  const receipts = readReceipts(file === '-' ? session.stdin : createReadStream(file), file);
  const now = new Date().toISOString() as Instant;
  return run(
    session,
    options,
    (request) => auditReceipts({ ...request, receipts, receiptKeys, now }),
    ({ kept: promisesKept, pending }) => ({ promisesKept, pending }),
  );
}

async function* readReceipts(input: NodeJS.ReadableStream, file: string) {
  let number = 0;
  try {
    for await (const line of createInterface({ input })) {
      number++;
      if (line.trim() !== '') yield { note: Buffer.from(line.trim(), 'base64'), name: `line ${number}` };
    }
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

async function quorum(session: Session, options: QuorumOptions): Promise<ExitCode> {
  const policy = await readPolicy(options.policy);
  const file = options.checkpoint;
  const kept = file === undefined ? undefined : await readKept(file, (bytes) => openOfPolicy(bytes, policy));
  const report = await auditQuorum({
    log: logOf(session, options),
    policy,
    kept: kept?.checkpoint,
    now: new Date().toISOString() as Instant,
  });
  const more = { cosigned: report.cosigned?.size, cosignedAt: report.cosigned?.at };
  return conclude(session, options, { report, kept, more });
}

async function readPolicy(file: string) {
  try {
    return parsePolicy(await readFile(file));
  } catch (error) {
    if (error instanceof TransparencyError) throw new UsageError(`${file}: ${error.message}`);
    throw new UsageError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** The log's own signature stands under what was found to be otherwise: that must not be lost with the next checkpoint. */
const incriminates = ({ current, findingCount }: LogAuditReport): boolean =>
  current !== undefined && findingCount > 0;

type Told = Readonly<Record<string, number | string | undefined>>;

function tell({ output }: Session, report: LogAuditReport, more: Told): Promise<void> {
  const { current, findings, findingCount } = report;
  const log = current && {
    origin: current.origin,
    size: current.size,
    root: current.root.toString('base64'),
  };
  const outcome = findingCount === 0 ? 'clean' : 'findings';
  return output.result({ outcome, ...log, ...more, findingCount, findings }, () => [
    ...(log === undefined ? [] : [`${log.origin}: ${grouped(log.size)} entries, root ${log.root}`]),
    ...Object.entries(more)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}`),
    ...findings.map((finding) => `${finding.class}: ${finding.kind}: ${finding.detail}`),
    ...(findingCount > findings.length ? [`and ${grouped(findingCount - findings.length)} more`] : []),
    findingCount === 0 ? 'clean' : `${grouped(findingCount)} findings`,
  ]);
}
