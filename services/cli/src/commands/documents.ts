import {
  type BulkVerificationAnswer,
  LedgerError,
  type Problem,
  type VerificationAnswer,
} from '@stamp-ledger/client';
import type { Command } from 'commander';
import { stampResult, withPosition } from '../answers.js';
import { documentSha256, documentType } from '../documents.js';
import { describeError } from '../error-output.js';
import { EXIT, type ExitCode, exitCodeOf, UsageError, worst } from '../exit-codes.js';
import { documentLine, each, type Item, type ItemSource, itemsFrom } from '../items.js';
import { itemKey, wholeNumber } from '../options.js';
import { type ItemResult, perItem } from '../per-item.js';
import type { Bind, Session } from '../session.js';
import { pairs } from '../table.js';
import { addKeyOption, addListOption, type KeyOption, keyed, type ListOption } from './shared-options.js';

interface DocumentOptions extends KeyOption, ListOption {
  readonly type?: string;
}
interface AffixOptions extends DocumentOptions {
  readonly signed?: string;
}
interface ReserveOptions extends DocumentOptions {
  readonly expires: number;
}

const DOCUMENT_HELP = 'file, `-` for stdin, or sha256:<hex>';

/** Commands on a stamp and a document. Of the document only its SHA-256 leaves this process. */
export function addDocumentCommands(program: Command, bind: Bind): void {
  withDocument(program, 'affix', 'bind stamps to documents, each to one, for good')
    .option('--type <type>', 'document type or media type; from the file name when absent')
    .option('--signed <file>', 'the document as it is after stamping and signing')
    .action(bind(affix));

  withDocument(program, 'reserve', 'reserve stamps for documents, until affixing or release')
    .option('--type <type>', 'document type or media type; from the file name when absent')
    .option('--expires <seconds>', 'the reservation ends by itself after this', wholeNumber(1, 86_400), 900)
    .action(bind(reserve));

  withDocument(program, 'verify', 'check stamps against documents; the ledger records it')
    .option('--bulk <list>', 'as --file, all in one request: for lists of thousands and millions')
    .action(bind(verify));
}

function withDocument(program: Command, name: string, description: string): Command {
  const command = program
    .command(name)
    .description(description)
    .argument('[serial]', 'serial, or `-` to read lines of serial and document from stdin')
    .argument('[document]', DOCUMENT_HELP)
    .addHelpText('after', '\nIn a list each line is a serial, a tab or a blank, and a document.');
  return addKeyOption(addListOption(command));
}

/** One pair from the arguments, or lines of pairs; a list is told from a document on stdin by its place. */
function pairsFrom(
  session: Session,
  serial: string | undefined,
  document: string | undefined,
  options: ListOption,
): ItemSource {
  if (document !== undefined) {
    if (options.file !== undefined || serial === '-' || serial === undefined)
      throw new UsageError('give one serial with one document, or a list of both');
    return { several: false, items: each([{ serial, document }]) };
  }
  const serials = serial === undefined ? [] : [serial];
  const list = options.file === undefined ? {} : { list: options.file };
  return itemsFrom({ serials, ...list }, session.stdin, documentLine);
}

async function bodyOf(session: Session, { document }: Item, type: string | undefined) {
  if (document === undefined) throw new UsageError(`give a document: ${DOCUMENT_HELP}`);
  return {
    sha256: await documentSha256(document, session.stdin),
    type: type ?? documentType(document),
  };
}

function affix(
  session: Session,
  serial: string | undefined,
  document: string | undefined,
  options: AffixOptions,
): Promise<ExitCode> {
  const source = pairsFrom(session, serial, document, options);
  if (source.several && options.signed !== undefined)
    throw new UsageError('--signed goes with one serial only');
  return perItem(session, source, async (item) => {
    const signed =
      options.signed === undefined
        ? {}
        : { signedSha256: await documentSha256(options.signed, session.stdin) };
    const body = { document: await bodyOf(session, item, options.type), ...signed };
    const key = keyed(itemKey(options.key, item.serial, source.several));
    return stampResult(await session.client.stamps.affix(item.serial, body, key));
  });
}

function reserve(
  session: Session,
  serial: string | undefined,
  document: string | undefined,
  options: ReserveOptions,
): Promise<ExitCode> {
  const source = pairsFrom(session, serial, document, options);
  return perItem(session, source, async (item) => {
    const body = {
      document: await bodyOf(session, item, options.type),
      expiresInSeconds: options.expires,
    };
    const key = keyed(itemKey(options.key, item.serial, source.several));
    return stampResult(await session.client.stamps.reserve(item.serial, body, key));
  });
}

function verify(
  session: Session,
  serial: string | undefined,
  document: string | undefined,
  options: KeyOption & ListOption & { readonly bulk?: string },
): Promise<ExitCode> {
  if (options.bulk !== undefined) {
    if (serial !== undefined || options.file !== undefined) throw new UsageError('--bulk stands alone');
    return verifyInBulk(session, options.bulk, options);
  }
  const source = pairsFrom(session, serial, document, options);
  return perItem(session, source, async (item) => {
    const sha256 =
      item.document === undefined ? undefined : await documentSha256(item.document, session.stdin);
    const key = keyed(itemKey(options.key, item.serial, source.several));
    const answer = await session.client.stamps.verify(item.serial, sha256, key);
    return verdictResult(answer.body, withPosition(answer));
  });
}

/** One line of output for each line of the list, in its order, as the verdicts come. */
async function verifyInBulk(session: Session, list: string, options: KeyOption): Promise<ExitCode> {
  const { items } = itemsFrom({ serials: [], list }, session.stdin, documentLine);
  async function* checks() {
    for await (const { serial, document } of items)
      yield document === undefined
        ? { serial }
        : { serial, documentSha256: await documentSha256(document, session.stdin) };
  }
  let code: ExitCode = EXIT.done;
  for await (const answer of session.client.stamps.verifyBulk(checks(), keyed(options.key))) {
    const result = 'problem' in answer ? unanswered(answer) : verdictResult(answer, answer);
    code = worst(code, result.code ?? EXIT.done);
    await session.output.result(result.json, () => [result.line()]);
  }
  return code;
}

function unanswered(answer: Extract<BulkVerificationAnswer, { readonly problem: Problem }>): ItemResult {
  const { line, problem } = answer;
  const error = new LedgerError('problem', problem.detail ?? problem.title, { problem });
  return {
    json: answer,
    code: exitCodeOf(error),
    line: () => `check ${line}  ${describeError(error)}`,
    lines: () => [],
  };
}

function verdictResult(
  body: Pick<VerificationAnswer, 'serial' | 'verdict' | 'reasons'> & Partial<VerificationAnswer>,
  json: object,
): ItemResult {
  const { serial, verdict, reasons } = body;
  const because = reasons.join(', ');
  return {
    json,
    code: verdict === 'genuine' ? EXIT.done : EXIT.negative,
    line: () => [serial, verdict, because].join('  ').trimEnd(),
    lines: () =>
      pairs([
        ['serial', serial],
        ['verdict', verdict],
        ['reasons', because === '' ? undefined : because],
        ['state', body.state],
        ['document', body.document?.sha256],
        ['verifications', body.verifications?.count],
      ]),
  };
}
