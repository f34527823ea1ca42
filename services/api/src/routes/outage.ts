import type { OutageReport, OutageRequest } from '@stamp-ledger/app';
import { LIMITS } from '@stamp-ledger/app';
import { toMilliseconds } from '@stamp-ledger/codec';
import type { IncidentId, Instant } from '@stamp-ledger/domain';
import { json } from '../answer.js';
import type { Route, Services } from '../exchange.js';
import { invalidParameter, problem } from '../problems/problem.js';
import { id, instant, readQuery } from '../request/query.js';
import { unfulfilledOrder } from '../views.js';

const QUERY = { from: instant, to: instant, incident: id<IncidentId>() };

/** What happened during an outage, as one report. */
export function outageRoutes({ ledger, runtime }: Services): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/audit/outage',
      scope: 'audit',
      takesQuery: true,
      handle: async ({ search, requestId }) => {
        const request = requestOf(readQuery(search, QUERY));
        const report = await ledger.audit.outage(request);
        if (report === undefined) return problem('unknown-incident', requestId);
        return json(200, shown(report, toMilliseconds(runtime.clock.now())));
      },
    },
  ];
}

function requestOf({
  from,
  to,
  incident,
}: {
  readonly from?: Instant;
  readonly to?: Instant;
  readonly incident?: IncidentId;
}): OutageRequest {
  if (incident !== undefined) {
    if (from !== undefined || to !== undefined)
      throw invalidParameter('incident', 'stands without `from` and `to`');
    return { incidentId: incident };
  }
  if (from === undefined) throw invalidParameter('from', 'is wanted, unless `incident` is given');
  if (to === undefined) throw invalidParameter('to', 'is wanted, unless `incident` is given');
  const length = toMilliseconds(to) - toMilliseconds(from);
  if (length <= 0) throw invalidParameter('to', 'must be later than `from`');
  if (length > LIMITS.outageMilliseconds)
    throw invalidParameter(
      'to',
      `must be at most ${LIMITS.outageMilliseconds / 86_400_000} days after \`from\``,
    );
  return { from, to };
}

const shown = ({ paidNotFulfilled, ...report }: OutageReport, now: number) => ({
  ...report,
  paidNotFulfilled: {
    orders: paidNotFulfilled.orders.map((order) => unfulfilledOrder(order, now)),
    more: paidNotFulfilled.more,
  },
});
