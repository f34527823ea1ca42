import { type Command, Option } from 'commander';
import { EXIT, type ExitCode, UsageError } from '../exit-codes.js';
import { outageMarkdown } from '../outage.js';
import type { Bind, Session } from '../session.js';

interface OutageOptions {
  readonly incident?: string;
  readonly from?: string;
  readonly to?: string;
  readonly format: 'md' | 'json';
}

/** What happened during an outage. */
export function addOutageCommand(program: Command, bind: Bind): void {
  program
    .command('outage')
    .description('report what was accepted, refused, unknown, recorded late and owed during an outage')
    .option('--incident <id>', 'during this incident')
    .option('--from <time>', 'or from this time (RFC 3339 UTC) …')
    .option('--to <time>', '… until before this one')
    .addOption(new Option('--format <format>', 'how to print it').choices(['md', 'json']).default('md'))
    .action(bind(run));
}

async function run(session: Session, options: OutageOptions): Promise<ExitCode> {
  const { body } = await session.client.audit.outage(requestOf(options));
  await session.output.result(body, () =>
    options.format === 'json' ? [JSON.stringify(body, undefined, 2)] : outageMarkdown(body),
  );
  return EXIT.done;
}

function requestOf({ incident, from, to }: OutageOptions) {
  if (incident !== undefined && from === undefined && to === undefined) return { incident };
  if (incident === undefined && from !== undefined && to !== undefined) return { from, to };
  throw new UsageError('give --incident, or --from and --to');
}
