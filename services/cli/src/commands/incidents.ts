import type { IncidentAnswer } from '@stamp-ledger/client';
import type { Command } from 'commander';
import { withPosition } from '../answers.js';
import { UsageError } from '../exit-codes.js';
import { CLI_LIMITS } from '../limits.js';
import type { Bind, Session } from '../session.js';
import { pairs, table } from '../table.js';
import { addKeyOption, type KeyOption, keyed } from './shared-options.js';

interface OpenOptions extends KeyOption {
  readonly id?: string;
  readonly title: string;
  readonly description?: string;
  readonly startedAt?: string;
  readonly rulesVersion?: string;
  readonly rule?: readonly string[];
}

interface CloseOptions extends KeyOption {
  readonly endedAt?: string;
  readonly summary?: string;
}

/** Outages, and times of relaxed rules: what happened then may be recorded late. */
export function addIncidentCommands(program: Command, bind: Bind): void {
  const incident = program
    .command('incident')
    .description('outages and times of relaxed rules, which are facts of the ledger themselves');
  addKeyOption(
    incident
      .command('open')
      .description('record that an incident began')
      .requiredOption('--title <text>', 'what it is, in a few words')
      .option('--id <id>', 'made up by the ledger when absent')
      .option('--description <text>', 'more about it; no personal data')
      .option('--started-at <time>', 'RFC 3339 UTC; now when absent')
      .option('--rules-version <version>', 'the version of the rules that hold meanwhile')
      .option('--rule <text...>', 'a rule that is relaxed'),
  ).action(bind(open));
  addKeyOption(
    incident
      .command('close')
      .description('record that it ended')
      .argument('<id>')
      .option('--ended-at <time>', 'RFC 3339 UTC; now when absent')
      .option('--summary <text>', 'what came of it'),
  ).action(bind(close));
  incident
    .command('show')
    .description('show an incident')
    .argument('<id>')
    .action(
      bind(async ({ client, output }: Session, id: string) => {
        const { body } = await client.incidents.get(id);
        await output.result(body, () => pairs(rowsOf(body)));
      }),
    );
  incident.command('list').description('every incident, the newest first').action(bind(list));
}

async function open({ client, output }: Session, options: OpenOptions): Promise<void> {
  const { id, title, description, startedAt, rulesVersion, rule } = options;
  if ((rulesVersion === undefined) !== (rule === undefined))
    throw new UsageError('give --rules-version and --rule together');
  const answer = await client.incidents.open(
    {
      title,
      ...(id === undefined ? {} : { incidentId: id }),
      ...(description === undefined ? {} : { description }),
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(rulesVersion === undefined || rule === undefined
        ? {}
        : { relaxedRules: { version: rulesVersion, rules: [...rule] } }),
    },
    keyed(options.key),
  );
  await output.result(withPosition(answer), () => pairs(rowsOf(answer.body)));
}

async function close(
  { client, output }: Session,
  id: string,
  { endedAt, summary, key }: CloseOptions,
): Promise<void> {
  const body = {
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(summary === undefined ? {} : { summary }),
  };
  const answer = await client.incidents.close(id, body, keyed(key));
  await output.result(withPosition(answer), () => pairs(rowsOf(answer.body)));
}

async function list({ client, output }: Session): Promise<void> {
  const incidents: IncidentAnswer[] = [];
  let after: string | undefined;
  do {
    const page = { limit: CLI_LIMITS.page, ...(after === undefined ? {} : { after }) };
    const { body } = await client.incidents.list(page);
    incidents.push(...body.incidents);
    after = body.next;
  } while (after !== undefined);
  await output.result({ incidents }, () =>
    table<IncidentAnswer>(
      [
        { title: 'incident', cell: ({ incidentId }) => incidentId },
        { title: 'status', cell: ({ status }) => status },
        { title: 'from', cell: ({ startedAt }) => startedAt },
        { title: 'to', cell: ({ endedAt }) => endedAt ?? '' },
        { title: 'title', cell: ({ title }) => title },
      ],
      incidents,
    ),
  );
}

const rowsOf = (incident: IncidentAnswer): (readonly [string, string | undefined])[] => [
  ['incident', incident.incidentId],
  ['status', incident.status],
  ['title', incident.title],
  ['description', incident.description],
  ['from', incident.startedAt],
  ['to', incident.endedAt],
  ['rules', incident.relaxedRules?.version],
  ['summary', incident.summary],
];
