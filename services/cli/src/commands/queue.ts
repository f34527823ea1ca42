import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, OpeningAnswer, TicketAnswer } from '@stamp-ledger/client';
import { type Command, InvalidArgumentError } from 'commander';
import { withPosition } from '../answers.js';
import { UnfinishedError } from '../exit-codes.js';
import { wholeNumber } from '../options.js';
import type { Bind, Session } from '../session.js';
import { grouped, pairs, table } from '../table.js';
import { addKeyOption, type KeyOption, keyed } from './shared-options.js';

interface Share {
  readonly channel: string;
  readonly weight: number;
}

interface AnnounceOptions extends KeyOption {
  readonly opensAt: string;
  readonly ticketsFrom?: string;
  readonly title?: string;
  readonly opening?: string;
  readonly share?: readonly Share[];
}

interface TakeOptions extends KeyOption {
  readonly channel: string;
  readonly order?: string;
}

/** The waiting room for orders. */
export function addQueueCommands(program: Command, bind: Bind): void {
  const queue = program.command('queue').description('the waiting room for orders');
  queue
    .command('status')
    .description('whether orders need a ticket, how many wait, and what opens next')
    .action(bind(showQueue));
  const take = queue
    .command('take')
    .description('take a ticket for one order')
    .requiredOption('--channel <name>', 'the channel that sells')
    .option('--order <id>', 'id of the order; made up by the ledger when absent');
  addKeyOption(take).action(bind(takeTicket));
  queue
    .command('ticket')
    .description('where a ticket stands; with --wait, until it is admitted')
    .argument('<ticket>')
    .option('--wait <seconds>', 'wait this long', wholeNumber(0, 86_400), 0)
    .action(bind(followTicket));
  addOperatorCommands(queue, bind);
}

function addOperatorCommands(queue: Command, bind: Bind): void {
  const announce = queue
    .command('announce')
    .description('announce when a sale opens: who comes before is drawn by lot')
    .requiredOption('--opens-at <time>', 'RFC 3339 UTC')
    .option('--tickets-from <time>', 'RFC 3339 UTC; 15 minutes before when absent')
    .option('--title <text>', 'for people')
    .option('--opening <id>', 'id of the opening; made up by the ledger when absent')
    .option('--share <channel=weight...>', 'part of a channel; 1 for one that is not named', shareOf);
  addKeyOption(announce).action(
    bind(async (session, { opensAt, ticketsFrom, title, opening, share, key }: AnnounceOptions) =>
      showOpening(
        session,
        await session.client.queue.announce(
          {
            opensAt,
            ...(ticketsFrom === undefined ? {} : { ticketsFrom }),
            ...(title === undefined ? {} : { title }),
            ...(opening === undefined ? {} : { openingId: opening }),
            ...(share === undefined ? {} : { shares: [...share] }),
          },
          keyed(key),
        ),
      ),
    ),
  );
  queue
    .command('openings')
    .description('every opening ever announced')
    .action(
      bind(async ({ client, output }) => {
        const { body } = await client.queue.openings();
        await output.result(body, () =>
          table<OpeningAnswer>(
            [
              { title: 'opening', cell: ({ openingId }) => openingId },
              { title: 'status', cell: ({ status }) => status },
              { title: 'tickets from', cell: ({ ticketsFrom }) => ticketsFrom },
              { title: 'opens at', cell: ({ opensAt }) => opensAt },
            ],
            body.openings,
          ),
        );
      }),
    );
  const withdraw = queue
    .command('withdraw')
    .description('call an opening off before there are tickets for it')
    .argument('<id>')
    .option('--reason <reason>', 'machine-readable reason');
  addKeyOption(withdraw).action(
    bind(async (session, id: string, { reason, key }: KeyOption & { readonly reason?: string }) =>
      showOpening(
        session,
        await session.client.queue.withdraw(id, reason === undefined ? {} : { reason }, keyed(key)),
      ),
    ),
  );
}

/** Commander hands over what the option gave before. */
function shareOf(text: string, before: readonly Share[] = []): readonly Share[] {
  const match = /^([a-z0-9][a-z0-9-]*)=(\d{1,4})$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Wants channel=weight.');
  const [, channel = '', weight] = match;
  return [...before, { channel, weight: Number(weight) }];
}

async function showQueue({ client, output }: Session): Promise<void> {
  const { body } = await client.queue.get();
  await output.result(body, () => [
    ...pairs([
      [
        'tickets',
        body.isOpen ? `${body.cause === 'opening' ? 'needed' : 'go first'} (${body.cause})` : 'not needed',
      ],
      ['waiting', body.waiting === undefined ? undefined : grouped(body.waiting)],
      ['let in', body.perSecond === undefined ? undefined : `${grouped(body.perSecond)} a second`],
      ...(body.lines ?? []).map(({ channel, waiting, weight }): [string, string] => [
        channel,
        `${grouped(waiting)} waiting, weight ${weight}`,
      ]),
    ]),
    ...body.openings.map(({ openingId, opensAt }) => `${openingId} opens at ${opensAt}`),
  ]);
}

async function takeTicket(session: Session, { channel, order, key }: TakeOptions): Promise<void> {
  const body = order === undefined ? { channel } : { channel, orderId: order };
  await showTicket(session, await session.client.queue.take(body, keyed(key)));
}

async function followTicket(
  session: Session,
  ticket: string,
  { wait }: { readonly wait: number },
): Promise<void> {
  const until = performance.now() + wait * 1_000;
  for (;;) {
    const answer = await session.client.queue.look(ticket);
    const { status, askAgainSeconds } = answer.body;
    const left = until - performance.now();
    if (wait === 0 || askAgainSeconds === undefined) return showTicket(session, answer);
    if (left <= 0)
      throw new UnfinishedError(
        `the ticket is ${status} still; ask again: stamp-ledger queue ticket <ticket>`,
      );
    await sleep(Math.min(askAgainSeconds * 1_000, left));
  }
}

function showTicket(session: Session, answer: Answer<TicketAnswer>): Promise<void> {
  const { body } = answer;
  return session.output.result(body, () =>
    pairs([
      ['ticket', body.ticket],
      ['order', body.orderId],
      ['status', body.status],
      ['opens at', body.opensAt],
      ['place', body.place],
      ['ahead', body.ahead],
      ['estimate', body.estimatedSeconds === undefined ? undefined : `${body.estimatedSeconds} s`],
      ['until', body.until],
      ['ask again', body.askAgainSeconds === undefined ? undefined : `in ${body.askAgainSeconds} s`],
    ]),
  );
}

function showOpening(session: Session, answer: Answer<OpeningAnswer>): Promise<void> {
  const { body } = answer;
  return session.output.result(withPosition(answer), () =>
    pairs([
      ['opening', body.openingId],
      ['status', body.status],
      ['tickets from', body.ticketsFrom],
      ['opens at', body.opensAt],
      ['title', body.title],
      ...body.shares.map(({ channel, weight }): [string, string] => [channel, `weight ${weight}`]),
    ]),
  );
}
