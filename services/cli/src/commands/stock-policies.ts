import type { WatchedStockAnswer } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { moneyText, withPosition } from '../answers.js';
import { UsageError } from '../exit-codes.js';
import { type MoneyOptions, moneyOf, wholeNumber } from '../options.js';
import type { Bind, Session } from '../session.js';
import { pairs, table } from '../table.js';
import { addKeyOption, addMoneyOptions, type KeyOption, keyed } from './shared-options.js';

interface PolicyOptions extends MoneyOptions, KeyOption {
  readonly channel: string;
  readonly lowBelow: number;
  readonly refill?: number;
  readonly perDay?: number;
}

/** When stocks are low, and what is then allocated without asking. */
export function addStockPolicyCommands(program: Command, bind: Bind): void {
  const set = program
    .command('stock-policy')
    .description('say when the stock of a channel is low, and what may then be allocated without asking')
    .requiredOption('--channel <name>', 'the channel that holds the stock')
    .requiredOption('--low-below <n>', 'fewer stamps than this are too few', wholeNumber(1, 1_000_000))
    .option('--refill <n>', 'allocate so many when it is low', wholeNumber(1, 1_000_000))
    .option('--per-day <n>', 'and no more than this in any 24 hours', wholeNumber(1, 100_000_000));
  addKeyOption(addMoneyOptions(set)).action(bind(setPolicy));

  program
    .command('stocks')
    .description('every stock that has a policy, as it stands')
    .action(
      bind(async ({ client, output }) => {
        const { body } = await client.stockPolicies.list();
        await output.result(body, () =>
          table<WatchedStockAnswer>(
            [
              { title: 'channel', cell: ({ channel }) => channel },
              { title: 'denomination', cell: ({ denomination }) => moneyText(denomination) ?? '' },
              { title: 'in stock', cell: ({ inStock }) => inStock },
              { title: 'low below', cell: ({ lowBelow }) => lowBelow },
              { title: 'status', cell: ({ status }) => status },
              { title: 'not refilled', cell: ({ notRefilled }) => notRefilled ?? '' },
            ],
            body.policies,
          ),
        );
      }),
    );
}

async function setPolicy(session: Session, options: PolicyOptions): Promise<void> {
  const { channel, lowBelow, refill: quantity, perDay, key } = options;
  if ((quantity === undefined) !== (perDay === undefined))
    throw new UsageError('give --refill and --per-day together');
  const answer = await session.client.stockPolicies.set(
    {
      channel,
      denomination: moneyOf(options),
      lowBelow,
      ...(quantity === undefined || perDay === undefined ? {} : { refill: { quantity, perDay } }),
    },
    keyed(key),
  );
  const { body } = answer;
  await session.output.result(withPosition(answer), () =>
    pairs([
      ['channel', body.channel],
      ['denomination', moneyText(body.denomination)],
      ['low below', body.lowBelow],
      ['refill', body.refill?.quantity],
      ['per day', body.refill?.perDay],
    ]),
  );
}
