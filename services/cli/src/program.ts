import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { addAuditCommands } from './commands/audit.js';
import { addBackfillCommand } from './commands/backfill.js';
import { addDocumentCommands } from './commands/documents.js';
import { addEngineCommands } from './commands/engines.js';
import { addIncidentCommands } from './commands/incidents.js';
import { addKeyCommands } from './commands/keys.js';
import { addLogCommands } from './commands/log.js';
import { addLookCommands } from './commands/look.js';
import { addMoveCommands } from './commands/move.js';
import { addOrderCommands } from './commands/orders.js';
import { addOutageCommand } from './commands/outage.js';
import { addQueueCommands } from './commands/queue.js';
import { addReconcileCommand } from './commands/reconcile.js';
import { addReportCommands } from './commands/reports.js';
import { addSearchCommand } from './commands/search.js';
import { addStampCommands } from './commands/stamps.js';
import { addStockCommands } from './commands/stock.js';
import { addStockPolicyCommands } from './commands/stock-policies.js';
import { adviceFor, describeError, errorJson } from './error-output.js';
import { EXIT, EXIT_CODES_HELP, type ExitCode, exitCodeOf } from './exit-codes.js';
import { wholeNumber } from './options.js';
import type { Streams } from './output.js';
import { createBind, DEFAULT_TOKEN_FILE, DEFAULT_URL, type Run } from './session.js';

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

/** Runs one command line (without the interpreter and the script) and answers with its exit code. */
export async function run(argv: readonly string[], streams: Streams): Promise<ExitCode> {
  const state: Run = { code: EXIT.done, json: argv.includes('--json') };
  try {
    await createProgram(streams, state).parseAsync(argv, { from: 'user' });
    return state.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    report(error, state, streams);
    return exitCodeOf(error);
  }
}

function report(error: unknown, state: Run, streams: Streams): void {
  if (state.json) {
    streams.stdout.write(`${JSON.stringify(errorJson(error, state.repeatWith))}\n`);
    return;
  }
  streams.stderr.write(`stamp-ledger: ${describeError(error)}\n`);
  const advice = adviceFor(error, state.repeatWith);
  if (advice !== undefined) streams.stderr.write(`${advice}\n`);
}

function createProgram(streams: Streams, state: Run): Command {
  const program = new Command('stamp-ledger')
    .description('Work with a stamp ledger over its HTTP API.')
    .version(version)
    .option('--url <url>', 'where the ledger is', DEFAULT_URL)
    .option(
      '--token-file <file>',
      `file with the bearer token (default: ${DEFAULT_TOKEN_FILE}, if it is there)`,
    )
    .option('--json', 'for machines: JSON on stdout, one document or one line for each item')
    .option('--timeout <seconds>', 'wait this long for one answer', wholeNumber(1, 3_600), 30)
    .addHelpText('after', EXIT_CODES_HELP)
    .showHelpAfterError('(add --help for help)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    });
  const bind = createBind(streams, state);
  addStockCommands(program, bind);
  addStockPolicyCommands(program, bind);
  addOrderCommands(program, bind);
  addQueueCommands(program, bind);
  addStampCommands(program, bind);
  addDocumentCommands(program, bind);
  addLookCommands(program, bind);
  addSearchCommand(program, bind);
  addReportCommands(program, bind);
  addReconcileCommand(program, bind);
  addIncidentCommands(program, bind);
  addBackfillCommand(program, bind);
  addOutageCommand(program, bind);
  addEngineCommands(program, bind);
  addAuditCommands(program, bind);
  addKeyCommands(program, bind);
  addLogCommands(program, bind);
  addMoveCommands(program, bind, { stdout: streams.stdout });
  return program;
}
