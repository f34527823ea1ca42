import type { Answer, CommandOptions, StampCommandAnswer } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { stampResult } from '../answers.js';
import { type ExitCode, UsageError } from '../exit-codes.js';
import { itemsFrom, serialLine } from '../items.js';
import { itemKey, type MoneyOptions, type PaymentOptions, paymentOf } from '../options.js';
import { perItem } from '../per-item.js';
import type { Bind, Session } from '../session.js';
import { addKeyOption, addListOption, type KeyOption, keyed, type ListOption } from './shared-options.js';

type Common = KeyOption & ListOption;

interface SellOptions extends Common, PaymentOptions, Partial<MoneyOptions> {
  readonly channel: string;
  readonly holder: string;
}
interface VoidOptions extends Common {
  readonly reason: string;
  readonly evidence?: string;
  readonly policy?: string;
}
interface OutcomeOptions extends Common {
  readonly evidence: string;
  readonly result: string;
}

/** Commands on stamps that take no document: each works on one serial, on several, or on a list. */
export function addStampCommands(program: Command, bind: Bind): void {
  onSerials(program, 'release', "end a reservation without affixing; the stamp stays its holder's").action(
    bind((session, serials: string[], options: Common) =>
      act(session, serials, options, (serial, command) => session.client.stamps.release(serial, command)),
    ),
  );

  onSerials(program, 'outcome-unknown', 'report that nobody knows yet whether the affixing happened')
    .option('--evidence <text>', 'reference to what supports it')
    .action(
      bind((session, serials: string[], options: Common & { readonly evidence?: string }) => {
        const body = options.evidence === undefined ? {} : { evidence: options.evidence };
        return act(session, serials, options, (serial, command) =>
          session.client.stamps.reportOutcomeUnknown(serial, body, command),
        );
      }),
    );

  onSerials(program, 'outcome', 'resolve an unknown outcome')
    .requiredOption('--result <result>', 'affixed or not-affixed')
    .requiredOption('--evidence <text>', 'reference to what supports it')
    .action(bind(resolveOutcome));

  onSerials(program, 'sell', 'sell stamps to a holder, directly by serial')
    .requiredOption('--channel <name>', 'the channel that sells; `direct` is the issuer')
    .requiredOption('--holder <reference>', 'opaque reference to the buyer')
    .option('--pay <reference>', "the payment provider's reference; then --denomination is wanted too")
    .option('--denomination <amount>', 'what one stamp is worth')
    .option('--currency <code>', 'ISO 4217', 'IDR')
    .option('--paid-at <time>', 'RFC 3339 UTC; now when absent')
    .action(bind(sell));

  onSerials(program, 'void', 'void stamps')
    .requiredOption('--reason <reason>', 'machine-readable; an affixed stamp wants misaffixed or revoked')
    .option('--evidence <text>', 'reference to what supports it')
    .option('--policy <version>', 'version of the policy that is applied')
    .action(bind(voidStamps));
}

function resolveOutcome(session: Session, serials: string[], options: OutcomeOptions): Promise<ExitCode> {
  const { result, evidence } = options;
  if (result !== 'affixed' && result !== 'not-affixed')
    throw new UsageError('--result is affixed or not-affixed');
  return act(session, serials, options, (serial, command) =>
    session.client.stamps.resolveOutcome(serial, { result, evidence }, command),
  );
}

function sell(session: Session, serials: string[], options: SellOptions): Promise<ExitCode> {
  const { channel, holder, denomination, currency = 'IDR' } = options;
  if (options.pay !== undefined && denomination === undefined)
    throw new UsageError('--pay wants --denomination too');
  const payment = paymentOf(session, { ...options, denomination: denomination ?? '0', currency }, 1);
  const body = { channel, holder, ...(payment === undefined ? {} : { payment }) };
  return act(session, serials, options, (serial, command) =>
    session.client.stamps.sell(serial, body, command),
  );
}

function voidStamps(session: Session, serials: string[], options: VoidOptions): Promise<ExitCode> {
  const body = {
    reason: options.reason,
    ...(options.evidence === undefined ? {} : { evidence: options.evidence }),
    ...(options.policy === undefined ? {} : { policyVersion: options.policy }),
  };
  return act(session, serials, options, (serial, command) =>
    session.client.stamps.void(serial, body, command),
  );
}

/** Sends a command for every serial, each with a key of its own. */
function act(
  session: Session,
  serials: readonly string[],
  options: Common,
  send: (serial: string, options: CommandOptions) => Promise<Answer<StampCommandAnswer>>,
): Promise<ExitCode> {
  const list = options.file === undefined ? {} : { list: options.file };
  const source = itemsFrom({ serials, ...list }, session.stdin, serialLine);
  return perItem(session, source, async ({ serial }) =>
    stampResult(await send(serial, keyed(itemKey(options.key, serial, source.several)))),
  );
}

const onSerials = (program: Command, name: string, description: string): Command =>
  addKeyOption(
    addListOption(
      program
        .command(name)
        .description(description)
        .argument('[serials...]', 'serials, or `-` to read them from stdin'),
    ),
  );
