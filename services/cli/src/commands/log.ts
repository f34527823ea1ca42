import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { UsageError } from '../exit-codes.js';
import type { Bind, Session } from '../session.js';
import { grouped } from '../table.js';
import { wiring } from '../wiring.js';

/** What an operator does to a log that halted for good reason. These work on LEDGER_DATA_DIR while no ledger does. */
export function addLogCommands(program: Command, bind: Bind): void {
  const log = program
    .command('log')
    .description('the transparency log of a ledger that does not run (LEDGER_DATA_DIR, LEDGER_ORIGIN)');
  log
    .command('adopt')
    .description('go on from the largest known checkpoint when what was signed last is lost (`lock-lost`)')
    .argument('[checkpoints...]', 'files with checkpoints that auditors or witnesses hold')
    .action(bind(adopt));
  log
    .command('succeed')
    .description(
      'close a log that contradicts the events for good; LEDGER_ORIGIN names the one that takes its place',
    )
    .requiredOption('--reason <text>', 'why, for whoever reads entry 0 of the new log')
    .action(bind(succeed));
}

async function adopt(session: Session, files: string[]): Promise<void> {
  const copies = await Promise.all(files.map(readCopy));
  const { adoptCheckpoint } = await wiring();
  const tree = await adoptCheckpoint(process.env, copies).catch(asUsage);
  await session.output.result(tree, () => [
    `the log goes on from ${grouped(tree.size)} entries, root ${tree.root}`,
    ...(tree.missing === undefined
      ? ['the events agree']
      : [`events ${tree.missing.from} to ${tree.missing.to - 1} are lost: the next start puts them back`]),
  ]);
}

async function readCopy(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

async function succeed(session: Session, { reason }: { readonly reason: string }): Promise<void> {
  const { succeedLog } = await wiring();
  const succeeded = await succeedLog(process.env, reason).catch(asUsage);
  await session.output.result(succeeded, () => [
    `closed ${succeeded.closed.origin} with ${grouped(succeeded.closed.size)} entries: ${succeeded.closed.directory}`,
    `${succeeded.origin} begins at the next start, with the key`,
    succeeded.vkey,
  ]);
}

function asUsage(error: unknown): never {
  if (error instanceof Error && (error.name === 'ConfigurationError' || error.name === 'LogFault'))
    throw new UsageError(error.message);
  throw error;
}
