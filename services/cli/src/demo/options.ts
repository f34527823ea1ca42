import { Command, CommanderError } from 'commander';
import { wholeNumber } from '../options.js';

export interface DemoOptions {
  readonly orders: number;
  readonly seconds: number;
  readonly burstSeconds: number;
  readonly seed: string;
  readonly port: number;
  readonly stay: boolean;
  readonly keepData: boolean;
}

/** Reads the command line; an exit code when help was asked for or something is wrong, which commander has said. */
export function readOptions(argv: readonly string[]): DemoOptions | { readonly exitCode: 0 | 2 } {
  const command = new Command('npm run demo --')
    .description('Replays the rush of September 2024, scaled, through the HTTP API of a real ledger.')
    .option('--orders <n>', 'orders in the rush', wholeNumber(50, 1_000_000), 20_000)
    .option('--seconds <n>', 'length of the rush', wholeNumber(3, 3_600), 60)
    .option(
      '--burst-seconds <n>',
      'length of the measure at full speed; 0 leaves it out',
      wholeNumber(0, 60),
      5,
    )
    .option('--seed <text>', 'the same seed plans the same rush', 'cpns-2024')
    .option('--port <n>', 'port of the ledger; 0 picks a free one', wholeNumber(0, 65_535), 0)
    .option('--stay', 'leave the ledger running at the end, until Ctrl-C', false)
    .option('--keep-data', 'keep the data directory', false)
    .exitOverride();
  try {
    return command.parse(argv, { from: 'user' }).opts<DemoOptions>();
  } catch (error) {
    if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : 2 };
    throw error;
  }
}
