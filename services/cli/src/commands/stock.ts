import { readFileSync } from 'node:fs';
import type { AllocationAnswer, Answer, BatchAnswer } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { moneyText, withPosition } from '../answers.js';
import { UsageError } from '../exit-codes.js';
import { followJob } from '../follow-job.js';
import { type MoneyOptions, moneyOf, wholeNumber } from '../options.js';
import type { Bind, Session } from '../session.js';
import { grouped, pairs } from '../table.js';
import { addJobOptions, addMoneyOptions, type JobOptions, keyed } from './shared-options.js';

interface MintOptions extends MoneyOptions, JobOptions {
  readonly quantity?: number;
  readonly series: string;
  readonly batch?: string;
  readonly serials?: string;
}

interface AllocateOptions extends MoneyOptions, JobOptions {
  readonly quantity: number;
  readonly channel: string;
  readonly batch?: string;
  readonly allocation?: string;
}

export function addStockCommands(program: Command, bind: Bind): void {
  const mint = program
    .command('mint')
    .description('mint a batch of stamps and follow it until it is done')
    .option('--quantity <n>', 'number of stamps', wholeNumber(1, 1_000_000))
    .requiredOption('--series <name>', 'the issue that the stamps belong to')
    .option('--batch <id>', 'id of the batch; made up by the ledger when absent')
    .option('--serials <file>', 'bring your own serials, one a line, at most 2 000');
  addJobOptions(addMoneyOptions(mint)).action(bind(mintBatch));

  program
    .command('batch')
    .description('show a batch')
    .argument('<id>')
    .action(bind(async (session, id: string) => showBatch(session, await session.client.batches.get(id))));

  const allocate = program
    .command('allocate')
    .description('give stock of the issuer to a channel and follow it until it is done')
    .requiredOption('--channel <name>', 'the channel that gets the stamps')
    .requiredOption('--quantity <n>', 'number of stamps', wholeNumber(1, 1_000_000))
    .option('--batch <id>', 'only stamps of this batch')
    .option('--allocation <id>', 'id of the allocation; made up by the ledger when absent');
  addJobOptions(addMoneyOptions(allocate)).action(bind(allocateStock));

  program
    .command('allocation')
    .description('show an allocation')
    .argument('<id>')
    .action(
      bind(async (session, id: string) => showAllocation(session, await session.client.allocations.get(id))),
    );
}

async function mintBatch(session: Session, options: MintOptions): Promise<void> {
  const serials = options.serials === undefined ? undefined : readSerials(options.serials);
  const quantity = options.quantity ?? serials?.length;
  if (quantity === undefined) throw new UsageError('give --quantity, or --serials with a file');
  const accepted = await session.client.batches.open(
    {
      denomination: moneyOf(options),
      quantity,
      series: options.series,
      ...(options.batch === undefined ? {} : { batchId: options.batch }),
      ...(serials === undefined ? {} : { serials }),
    },
    keyed(options.key),
  );
  const { batchId } = accepted.body;
  if (options.wait === false) return showBatch(session, accepted);
  const finished = await followJob(session.output, options.wait, {
    label: `minting ${batchId}`,
    total: quantity,
    askLater: `stamp-ledger batch ${batchId}`,
    poll: () => session.client.batches.get(batchId),
    done: ({ body }) => body.minted,
    finished: ({ body }) => body.status === 'minted',
  });
  return showBatch(session, acceptedAt(finished, accepted.position));
}

async function allocateStock(session: Session, options: AllocateOptions): Promise<void> {
  const accepted = await session.client.allocations.request(
    {
      channel: options.channel,
      denomination: moneyOf(options),
      quantity: options.quantity,
      ...(options.batch === undefined ? {} : { batchId: options.batch }),
      ...(options.allocation === undefined ? {} : { allocationId: options.allocation }),
    },
    keyed(options.key),
  );
  const { allocationId } = accepted.body;
  if (options.wait === false) return showAllocation(session, accepted);
  const finished = await followJob(session.output, options.wait, {
    label: `allocating ${allocationId}`,
    total: options.quantity,
    askLater: `stamp-ledger allocation ${allocationId}`,
    poll: () => session.client.allocations.get(allocationId),
    done: ({ body }) => body.allocated,
    finished: ({ body }) => body.status === 'allocated',
  });
  return showAllocation(session, acceptedAt(finished, accepted.position));
}

/** The finished job's answer, at the place where it was accepted. */
const acceptedAt = <Body>(answer: Answer<Body>, position: string | undefined): Answer<Body> =>
  position === undefined ? answer : { ...answer, position };

function readSerials(path: string): string[] {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
      .split('\n')
      .map((line) => line.replace(/[\s-]/g, '').toUpperCase())
      .filter((line) => line !== '' && !line.startsWith('#'));
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function showBatch(session: Session, answer: Answer<BatchAnswer>): Promise<void> {
  const { body } = answer;
  return session.output.result(withPosition(answer), () =>
    pairs([
      ['batch', body.batchId],
      ['status', body.status],
      ['series', body.series],
      ['denomination', moneyText(body.denomination)],
      ['quantity', grouped(body.quantity)],
      ['minted', grouped(body.minted)],
      ['conflicts', body.conflicts?.join(' ')],
    ]),
  );
}

function showAllocation(session: Session, answer: Answer<AllocationAnswer>): Promise<void> {
  const { body } = answer;
  return session.output.result(withPosition(answer), () =>
    pairs([
      ['allocation', body.allocationId],
      ['status', body.status],
      ['channel', body.channel],
      ['batch', body.batchId],
      ['quantity', grouped(body.quantity)],
      ['allocated', grouped(body.allocated)],
    ]),
  );
}
