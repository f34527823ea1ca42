import type { StampAnswer } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { moneyText } from '../answers.js';
import { believed, proofsOf } from '../audit/proven.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { itemsFrom, serialLine } from '../items.js';
import { wholeNumber } from '../options.js';
import { perItem } from '../per-item.js';
import type { Bind, Session } from '../session.js';
import { pairs } from '../table.js';
import { traceJson, traceLines } from '../trace.js';
import { addListOption, type ListOption } from './shared-options.js';

interface TraceOptions {
  readonly asOf?: string;
  readonly key?: string;
  readonly origin?: string;
}

interface ShowOptions extends ListOption {
  readonly strong?: boolean;
  readonly atLeastRevision?: number;
}

/** Looking at stamps: what everybody may see, and what auditors see. */
export function addLookCommands(program: Command, bind: Bind): void {
  addListOption(
    program
      .command('show')
      .description('show what anybody may see of stamps')
      .argument('[serials...]', 'serials, or `-` to read them from stdin'),
  )
    .option('--strong', 'read the log itself, not the read model')
    .option('--at-least-revision <n>', 'wait for this revision', wholeNumber(0, 1_000_000_000))
    .action(bind(show));

  program
    .command('trace')
    .description(
      'show the whole life of a stamp, event by event, and check that each is in the transparency log',
    )
    .argument('<serial>')
    .option('--as-of <moment>', 'only up to this time (RFC 3339 UTC) or position')
    .option(
      '--key <vkey>',
      'public key of the log, or a file with keys (default: what the ledger says its key is)',
    )
    .option('--origin <origin>', 'name of the log (default: that of the first key)')
    .action(bind(trace));
}

async function trace(session: Session, serial: string, options: TraceOptions): Promise<ExitCode> {
  const { asOf } = options;
  const trust = await believed(session, options);
  let code: ExitCode = EXIT.done;
  let after: number | undefined;
  do {
    const page = { ...(asOf === undefined ? {} : { asOf }), ...(after === undefined ? {} : { after }) };
    const { body } = await session.client.stamps.history(serial, page);
    const proofs = await proofsOf(session, body, trust);
    const traced = { history: body, proofs, trust };
    await session.output.result(traceJson(traced), () => traceLines(traced));
    if ([...proofs.values()].some(({ kind }) => kind === 'failed')) code = EXIT.damaged;
    after = body.next;
  } while (after !== undefined);
  return code;
}

function show(session: Session, serials: string[], options: ShowOptions): Promise<ExitCode> {
  const list = options.file === undefined ? {} : { list: options.file };
  const source = itemsFrom({ serials, ...list }, session.stdin, serialLine);
  const lookUp = {
    ...(options.strong === true ? { strong: true } : {}),
    ...(options.atLeastRevision === undefined ? {} : { atLeastRevision: options.atLeastRevision }),
  };
  return perItem(session, source, async ({ serial }) => {
    const { body } = await session.client.stamps.lookUp(serial, lookUp);
    return {
      json: body,
      lines: () => stampLines(body),
      line: () =>
        [body.serial, body.state, `revision ${body.revision}`, body.document?.sha256 ?? '']
          .join('  ')
          .trimEnd(),
    };
  });
}

function stampLines(stamp: StampAnswer): string[] {
  const { verifications, voided, asOf } = stamp;
  return pairs([
    ['serial', stamp.serial],
    ['state', stamp.state],
    ['denomination', moneyText(stamp.denomination)],
    ['series', stamp.series],
    ['channel', stamp.channel],
    ['minted', stamp.mintedAt],
    ['sold', stamp.soldAt],
    ['affixed', stamp.affixedAt],
    ['document', stamp.document && `${stamp.document.sha256} (${stamp.document.type})`],
    ['voided', voided && `${voided.at} (${voided.reason})`],
    [
      'verifications',
      verifications.lastAt === undefined
        ? String(verifications.count)
        : `${verifications.count}, last ${verifications.lastAt}`,
    ],
    ['revision', stamp.revision],
    ['as of', `${asOf.recordedAt} (${asOf.lagMilliseconds} ms behind)`],
  ]);
}
