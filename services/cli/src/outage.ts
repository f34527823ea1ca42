import type { OutageAnswer } from '@stamp-ledger/client';

/** An outage report in Markdown (CommonMark with tables), to be read as it is or shown as a page. */
export function outageMarkdown(report: OutageAnswer): string[] {
  return [
    `# Outage report`,
    '',
    `From ${report.from} to before ${report.to}; read up to ${report.asOf.recordedAt ?? 'the beginning'}`,
    `(position ${report.asOf.position ?? 'none'}).`,
    '',
    ...incidents(report),
    ...accepted(report),
    ...refused(report),
    ...unknown(report),
    ...late(report),
    ...owed(report),
    ...operations(report),
  ];
}

type Section = (report: OutageAnswer) => string[];

const incidents: Section = (report) =>
  section(
    'Incidents',
    rows(
      ['incident', 'title', 'from', 'to', 'relaxed rules'],
      report.incidents.map(({ incidentId, title, startedAt, endedAt = 'open', relaxedRules }) => [
        incidentId,
        title,
        startedAt,
        endedAt,
        relaxedRules === undefined ? '' : `version ${relaxedRules.version}`,
      ]),
    ),
  );

const accepted: Section = ({
  accepted: { total, byType },
  reservationsReleased,
  refunded,
  salesRefunded,
}) => [
  ...section(`Accepted: ${total} events`, rows(['event', 'number'], Object.entries(byType))),
  `Reservations released: ${reservationsReleased}. Orders refunded: ${refunded}.`,
  `Sales without an order refunded: ${salesRefunded}.`,
  '',
];

const refused: Section = ({ refused: counted }) =>
  counted === undefined
    ? section('Refused', ['Nobody counted what was refused.'])
    : [
        ...section(
          `Refused: ${counted.total} requests`,
          rows(['problem', 'number'], Object.entries(counted.byKind)),
        ),
        `Counted by whole minutes. A crash of a process takes at most its last ${counted.lostByCrashSeconds} seconds of counting.`,
        '',
      ];

const unknown: Section = ({ outcomeUnknown: { total, cases, more } }) =>
  section(`Outcome of affixing unknown: ${total}`, [
    ...rows(
      ['serial', 'reported', 'ending', 'ended'],
      cases.map(({ serial, reportedAt, ending, endedAt = '' }) => [serial, reportedAt, ending, endedAt]),
    ),
    ...cut(more),
  ]);

const late: Section = ({ backfilled }) =>
  section(
    'Recorded late',
    rows(
      ['incident', 'event', 'number'],
      backfilled.flatMap(({ incidentId, byType }) =>
        Object.entries(byType).map(([type, count]) => [incidentId, type, count]),
      ),
    ),
  );

const owed: Section = ({ paidNotFulfilled: { orders, more } }) =>
  section(`Paid and not fulfilled: ${orders.length}${more ? ' or more' : ''}`, [
    ...rows(
      ['order', 'channel', 'stamps', 'paid', 'cause'],
      orders.map(({ orderId, channel, quantity, paidAt = '', cause }) => [
        orderId,
        channel,
        quantity,
        paidAt,
        cause,
      ]),
    ),
    ...cut(more),
  ]);

const operations: Section = ({ readModelLag, processes, sealing, sealGaps }) => [
  ...section(
    'Read models, furthest behind',
    rows(
      ['read model', 'milliseconds'],
      readModelLag.map(({ projection, milliseconds }) => [projection, milliseconds]),
    ),
  ),
  ...section('Processes', [
    ...rows(
      ['service', 'version', 'started', 'stopped', 'last seen'],
      processes.runs.map(({ service, version, startedAt, stoppedAt = 'not said', seenAt }) => [
        service,
        version,
        startedAt,
        stoppedAt,
        seenAt,
      ]),
    ),
    ...cut(processes.more),
  ]),
  ...section('Sealing', [
    ...(sealing === 'not-configured' ? ['Nothing is sealed: not configured.'] : []),
    ...rows(
      ['from', 'to', 'events', 'what is known'],
      sealGaps.map(({ extent, from = 'unknown', to = 'not yet', events = 'unknown' }) => [
        from,
        to,
        events,
        KNOWN_OF_GAP[extent],
      ]),
    ),
    ...(processes.more
      ? [
          '',
          'Not all processes are listed: after the start of the last one, times without a sealer were not looked for.',
        ]
      : []),
  ]),
];

const KNOWN_OF_GAP: Readonly<Record<OutageAnswer['sealGaps'][number]['extent'], string>> = {
  measured: 'they waited to be sealed',
  lasting: 'they wait still, at least so many',
  unknown: 'nobody saw whether they waited',
};

const section = (title: string, lines: readonly string[]): string[] => [
  `## ${title}`,
  '',
  ...(lines.length === 0 ? ['None.'] : lines),
  '',
];

const cut = (more: boolean): string[] => (more ? ['', 'There are more than are listed here.'] : []);

function rows(titles: readonly string[], lines: readonly (readonly (string | number)[])[]): string[] {
  if (lines.length === 0) return [];
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...lines.map(line)];
}

/** What people wrote, such as a title, must not end its cell or begin markup. */
const cell = (value: string | number): string =>
  typeof value === 'number' ? String(value) : value.replace(/[\\`*_<>[\]|#]/g, '\\$&').replace(/\s+/g, ' ');
