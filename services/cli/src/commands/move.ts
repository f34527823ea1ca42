import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, rmSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import {
  type Digest,
  exportEvents,
  importEvents,
  linesOf,
  MoveFault,
  PortError,
  readExport,
} from '@stamp-ledger/app';
import type { OpenedStore } from '@stamp-ledger/wiring';
import type { Command } from 'commander';
import { errorJson } from '../error-output.js';
import { EXIT, type ExitCode, UsageError } from '../exit-codes.js';
import { type Progress, startProgress } from '../progress.js';
import type { Bind, Session } from '../session.js';
import { grouped } from '../table.js';
import { wiring } from '../wiring.js';

/** What the commands work with besides a session. */
export interface MoveTools {
  readonly stdout: Writable;
}

const STORE_HELP = `
Works on the event store that the environment names: LEDGER_EVENTSTOREDB_URL, or else LEDGER_DATA_DIR.
An export holds every event and no secret. The keys in the data directory are not in it: take keys/serial.key along.`;

/** Moves a ledger from one event store to another, event by event. */
export function addMoveCommands(program: Command, bind: Bind, tools: MoveTools): void {
  program
    .command('export')
    .description('write every event to a file, from which another event store can be filled')
    .argument('[file]', 'where to; `-` is stdout', '-')
    .addHelpText('after', STORE_HELP)
    .action(bind((session, file: string) => settle(session, () => exportLedger(session, tools, file))));

  program
    .command('import')
    .description('fill an empty event store from an export; repeated after an interruption, it goes on')
    .argument('<file>', 'the export; `-` is stdin')
    .addHelpText(
      'after',
      `${STORE_HELP}\nNobody else may write to the store meanwhile: stop the ledger first.`,
    )
    .action(bind((session, file: string) => settle(session, () => importLedger(session, file))));
}

async function exportLedger(session: Session, tools: MoveTools, file: string): Promise<ExitCode> {
  const opened = await openStore({ mustExist: true });
  let lines = 0;
  async function* counted(): AsyncGenerator<string> {
    for await (const line of exportEvents({ store: opened.store, digest: sha256() })) {
      lines += 1;
      yield line;
    }
  }
  try {
    if (file === '-') await writeLines(tools.stdout, counted());
    else await writeWholeFile(file, counted());
  } finally {
    await opened.close();
  }
  const events = lines - 2;
  const text = `exported ${grouped(events)} events`;
  // With `-` stdout holds the export and nothing else.
  if (file === '-') session.output.remark(text);
  else await session.output.result({ exported: events, file }, () => [`${text} to ${file}`]);
  return EXIT.done;
}

async function importLedger(session: Session, file: string): Promise<ExitCode> {
  // A file can be read twice: whatever is wrong with it is then found before the store is touched.
  const total = file === '-' ? undefined : await checkedEvents(file);
  const opened = await openStore({ mustExist: false });
  const progress = total === undefined ? undefined : startProgress(session.output, 'importing', total);
  try {
    return await importInto(opened, session, { file, progress });
  } finally {
    progress?.stop();
    await opened.close();
  }
}

async function importInto(
  { store, kind }: OpenedStore,
  session: Session,
  { file, progress }: { readonly file: string; readonly progress: Progress | undefined },
): Promise<ExitCode> {
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.once('SIGTERM', stop);
  try {
    const outcome = await importEvents({
      store,
      lines: linesOf(bytesOf(file, session.stdin)),
      digest: sha256(),
      inOrderAppends: kind === 'embedded',
      signal: stopped.signal,
      onProgress: (events) => progress?.update(events),
    });
    progress?.stop();
    const { found, appended } = outcome;
    await session.output.result({ outcome: outcome.kind, found, appended }, () => [
      outcome.kind === 'interrupted'
        ? `interrupted after ${grouped(found + appended)} events; repeat the command to go on`
        : appended === 0
          ? `nothing to do: all ${grouped(found)} events were there`
          : `appended ${grouped(appended)} events behind ${grouped(found)} that were there`,
    ]);
    return outcome.kind === 'interrupted' ? EXIT.unavailable : EXIT.done;
  } finally {
    process.off('SIGTERM', stop);
  }
}

async function checkedEvents(file: string): Promise<number> {
  let events = 0;
  for await (const _ of readExport({ lines: linesOf(bytesOf(file)), digest: sha256() })) events += 1;
  return events;
}

async function* bytesOf(file: string, stdin?: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  const source = file === '-' && stdin !== undefined ? stdin : createReadStream(file);
  try {
    for await (const chunk of source) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot read ${file}: ${code ?? message}`);
  }
}

async function openStore(options: { readonly mustExist: boolean }): Promise<OpenedStore> {
  const { openConfiguredEventStore } = await wiring();
  return openConfiguredEventStore(process.env, options).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'ConfigurationError') throw new UsageError(error.message);
    throw error;
  });
}

/** Gives faults of the export, the target and the store exit codes of their own; the rest is not for here. */
async function settle(session: Session, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MoveFault || error instanceof PortError)) throw error;
    const line = error instanceof MoveFault ? { line: error.line } : {};
    const body = { error: { ...errorJson(error).error, kind: error.kind, ...line } };
    if (session.output.json) await session.output.result(body, () => []);
    else session.output.remark(`stamp-ledger: ${error.kind}: ${error.message}`);
    return exitCodeOfMove(error);
  }
}

function exitCodeOfMove({ kind }: MoveFault | PortError): ExitCode {
  switch (kind) {
    case 'target-differs':
      return EXIT.refused;
    case 'unavailable':
    case 'timeout':
      return EXIT.unavailable;
    case 'corrupt':
    case 'not-portable':
      return EXIT.unexpected;
    case 'not-an-export':
    case 'unsupported-version':
    case 'malformed-line':
    case 'truncated':
    case 'wrong-count':
    case 'wrong-hash':
    case 'after-the-end':
    case 'revision-out-of-order':
      return EXIT.usage;
  }
}

function sha256(): Digest {
  const hash = createHash('sha256');
  return { update: (text) => void hash.update(text), hex: () => hash.digest('hex') };
}

/** Characters written at once: one write a line would cost more than all the rest. */
const CHUNK_CHARACTERS = 65_536;

/** Writes lines to a stream, each with its line feed, and waits while the reader is behind. */
async function writeLines(stream: Writable, lines: AsyncIterable<string>): Promise<void> {
  for await (const chunk of chunksOf(lines)) if (!stream.write(chunk)) await once(stream, 'drain');
}

/**
 * Writes lines to a file that is whole or not there: under another name first, made durable, then renamed. Only its owner
 * may read it. However the process ends, but for a kill, nothing else is left behind.
 */
async function writeWholeFile(path: string, lines: AsyncIterable<string>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const discard = (): void => rmSync(temporary, { force: true });
  process.once('exit', discard);
  try {
    await withFile(open(temporary, 'wx', 0o600), async (file) => {
      for await (const chunk of chunksOf(lines)) await file.writeFile(chunk);
      await file.sync();
    });
    await rename(temporary, path);
    await withFile(open(dirname(path)), (directory) => directory.sync());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !SYSTEM_ERROR.test(code)) throw error;
    throw new UsageError(`cannot write ${path}: ${code}`);
  } finally {
    process.off('exit', discard);
    discard();
  }
}

/** `ENOENT`, `ENOSPC`, …: what the system calls a file that cannot be written. */
const SYSTEM_ERROR = /^E[A-Z0-9]+$/;

async function* chunksOf(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

async function withFile(
  opening: Promise<FileHandle>,
  work: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await opening;
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
