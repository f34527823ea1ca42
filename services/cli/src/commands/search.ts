import type { EventAnswer, SearchFilter } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { documentSha256 } from '../documents.js';
import { CLI_LIMITS } from '../limits.js';
import { wholeNumber } from '../options.js';
import type { Bind, Session } from '../session.js';
import { whatHappened } from '../trace.js';

interface SearchOptions {
  readonly order?: string;
  readonly holder?: string;
  readonly document?: string;
  readonly channel?: string;
  readonly command?: string;
  readonly correlation?: string;
  readonly incident?: string;
  readonly types?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

/** Finding events by what they are about. */
export function addSearchCommand(program: Command, bind: Bind): void {
  program
    .command('search')
    .description('find events that fit all that is given, oldest first')
    .option('--order <id>', 'about this order')
    .option('--holder <reference>', 'about stamps or orders of this holder')
    .option('--document <document>', 'about this document: a file, or its SHA-256')
    .option('--channel <name>', 'about this channel')
    .option('--command <uuid>', 'written by this command')
    .option('--correlation <uuid>', 'written on behalf of this request')
    .option('--incident <id>', 'recorded late, and happened during this incident')
    .option('--types <types>', 'of these types, separated by commas')
    .option('--from <time>', 'recorded from this time on (RFC 3339 UTC)')
    .option('--to <time>', 'recorded before this time')
    .option('--limit <n>', 'events at most', wholeNumber(1, 1_000_000), 1_000)
    .action(bind(search));
}

async function search(session: Session, options: SearchOptions): Promise<void> {
  const filter = await filterOf(session, options);
  let left = options.limit;
  let after: string | undefined;
  do {
    const { body } = await session.client.audit.search({
      ...filter,
      limit: Math.min(left, CLI_LIMITS.page),
      ...(after === undefined ? {} : { after }),
    });
    for (const event of body.events) await session.output.result(event, () => [eventLine(event)]);
    left -= body.events.length;
    after = body.next;
  } while (after !== undefined && left > 0);
  if (after !== undefined) session.output.remark('there are more; see --limit and --from');
}

async function filterOf(
  { stdin }: Session,
  { order, document, command, correlation, incident, types, ...rest }: SearchOptions,
): Promise<SearchFilter> {
  const { holder, channel, from, to } = rest;
  const isHash = document !== undefined && /^[0-9a-fA-F]{64}$/.test(document);
  const named: Readonly<Record<keyof SearchFilter, string | readonly string[] | undefined>> = {
    orderId: order,
    holder,
    documentSha256: isHash ? document.toLowerCase() : document && (await documentSha256(document, stdin)),
    channel,
    commandId: command,
    correlationId: correlation,
    incidentId: incident,
    types: types?.split(','),
    from,
    to,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)) as SearchFilter;
}

const eventLine = (event: EventAnswer): string =>
  [event.recordedAt, event.position, event.stream, event.type, whatHappened(event)].join('  ').trimEnd();
