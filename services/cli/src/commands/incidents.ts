import type { Answer, IncidentAnswer } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { withPosition } from '../answers.js';
import { UsageError } from '../exit-codes.js';
import type { Bind, Session } from '../session.js';
import { pairs, table } from '../table.js';
import { addKeyOption, type KeyOption, keyed } from './shared-options.js';

interface OpenOptions extends KeyOption {
  readonly id?: string;
  readonly title: string;
  readonly startedAt?: string;
  readonly relaxed?: string;
  readonly rule?: string[];
}

interface CloseOptions extends KeyOption {
  readonly endedAt?: string;
  readonly summary?: string;
}

/** Outages, and periods of relaxed rules, on record. */
export function addIncidentCommands(program: Command, bind: Bind): void {
  const incident = program.command('incident').description('outages and relaxed rules, on record');
  addKeyOption(
    incident
      .command('open')
      .description('record that an outage, or a period of relaxed rules, has begun')
      .requiredOption('--title <text>', 'what it is')
      .option('--id <id>', 'its id; otherwise the ledger gives it one')
      .option('--started-at <time>', 'RFC 3339 UTC; otherwise now')
      .option('--relaxed <version>', 'version of the rules that are relaxed')
      .option('--rule <text...>', 'a rule that is relaxed, as often as there are some'),
  ).action(bind(open));
  addKeyOption(
    incident
      .command('close <id>')
      .description('record that it is over')
      .option('--ended-at <time>', 'RFC 3339 UTC; otherwise now')
      .option('--summary <text>', 'what came of it'),
  ).action(bind(close));
  incident.command('list').description('all of them, the latest first').action(bind(list));
}

async function open(session: Session, options: OpenOptions): Promise<void> {
  const { id: incidentId, title, startedAt, relaxed: version, rule: rules, key } = options;
  if ((version === undefined) !== (rules === undefined))
    throw new UsageError('give --relaxed and --rule together');
  const answer = await session.client.incidents.open(
    {
      title,
      ...(incidentId === undefined ? {} : { incidentId }),
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(version === undefined || rules === undefined ? {} : { relaxedRules: { version, rules } }),
    },
    keyed(key),
  );
  await show(session, answer);
}

async function close(session: Session, id: string, options: CloseOptions): Promise<void> {
  const { endedAt, summary, key } = options;
  const answer = await session.client.incidents.close(
    id,
    {
      ...(endedAt === undefined ? {} : { endedAt }),
      ...(summary === undefined ? {} : { summary }),
    },
    keyed(key),
  );
  await show(session, answer);
}

async function show({ output }: Session, answer: Answer<IncidentAnswer>): Promise<void> {
  const { incidentId, title, status, startedAt, endedAt, summary } = answer.body;
  await output.result(withPosition(answer), () =>
    pairs([
      ['incident', incidentId],
      ['title', title],
      ['status', status],
      ['started', startedAt],
      ['ended', endedAt],
      ['summary', summary],
    ]),
  );
}

async function list({ client, output }: Session): Promise<void> {
  const incidents: IncidentAnswer[] = [];
  for (let after: string | undefined; ; ) {
    const { body } = await client.incidents.list(after === undefined ? {} : { after });
    incidents.push(...body.incidents);
    if (body.next === undefined) break;
    after = body.next;
  }
  await output.result({ incidents }, () =>
    table<IncidentAnswer>(
      [
        { title: 'incident', cell: ({ incidentId }) => incidentId },
        { title: 'status', cell: ({ status }) => status },
        { title: 'started', cell: ({ startedAt }) => startedAt },
        { title: 'ended', cell: ({ endedAt }) => endedAt ?? '' },
        { title: 'title', cell: ({ title }) => title },
      ],
      incidents,
    ),
  );
}
