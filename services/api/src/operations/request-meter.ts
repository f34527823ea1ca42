/** How many requests took at most so many seconds: the bounds of the buckets that Prometheus is shown. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const COUNTER = 'stamp_ledger_http_requests_total';
const HISTOGRAM = 'stamp_ledger_http_request_duration_seconds';

export type RequestStatus = number | 'aborted';

export interface Requests {
  readonly method: string;
  readonly route: string;
  readonly status: RequestStatus;
}

/** Requests of one method, route and status. */
interface Series extends Requests {
  count: number;
  seconds: number;
  /** By the first bound that is not exceeded; the last for those beyond all bounds. */
  readonly within: Float64Array;
}

/**
 * Counts requests by route and status, and their times. To count one here is an addition; the library's counters put
 * together and look up the text of all labels each time, which is done here when somebody asks.
 */
export class RequestMeter {
  readonly #series = new Map<string, Map<string, Map<RequestStatus, Series>>>();

  count(requests: Requests, milliseconds: number): void {
    const series = this.#find(requests);
    const seconds = milliseconds / 1_000;
    series.count += 1;
    series.seconds += seconds;
    let bucket = 0;
    while (seconds > (SECONDS[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    series.within[bucket] = (series.within[bucket] ?? 0) + 1;
  }

  /** In the text format of Prometheus. Labels are methods and paths of routes: nothing in them wants escaping. */
  render(): string {
    const all = [...this.#series.values()].flatMap((methods) =>
      [...methods.values()].flatMap((statuses) => [...statuses.values()]),
    );
    const lines = [
      `# HELP ${COUNTER} Requests answered, by route and status.`,
      `# TYPE ${COUNTER} counter`,
      ...all.map(
        (of) => `${COUNTER}{method="${of.method}",route="${of.route}",status="${of.status}"} ${of.count}`,
      ),
      `# HELP ${HISTOGRAM} Time from request to answer, by route and class of status.`,
      `# TYPE ${HISTOGRAM} histogram`,
      ...byClass(all).flatMap(histogram),
    ];
    return `${lines.join('\n')}\n`;
  }

  #find({ method, route, status }: Requests): Series {
    const methods = inside(this.#series, route, () => new Map<string, Map<RequestStatus, Series>>());
    const statuses = inside(methods, method, () => new Map<RequestStatus, Series>());
    return inside(statuses, status, () => newSeries({ method, route, status }));
  }
}

function inside<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

const newSeries = (requests: Requests): Series => ({
  ...requests,
  count: 0,
  seconds: 0,
  within: new Float64Array(SECONDS.length + 1),
});

const classOf = ({ status }: Requests): string =>
  status === 'aborted' ? status : `${Math.floor(status / 100)}xx`;

function byClass(all: readonly Series[]): (readonly [string, readonly Series[]])[] {
  const classes = new Map<string, Series[]>();
  for (const series of all)
    inside(
      classes,
      `method="${series.method}",route="${series.route}",class="${classOf(series)}"`,
      (): Series[] => [],
    ).push(series);
  return [...classes];
}

function histogram([labels, all]: readonly [string, readonly Series[]]): readonly string[] {
  const sum = (of: (series: Series) => number): number => all.reduce((total, each) => total + of(each), 0);
  let upTo = 0;
  const buckets = SECONDS.map((bound, place) => {
    upTo += sum(({ within }) => within[place] ?? 0);
    return `${HISTOGRAM}_bucket{le="${bound}",${labels}} ${upTo}`;
  });
  const count = sum((series) => series.count);
  return [
    ...buckets,
    `${HISTOGRAM}_bucket{le="+Inf",${labels}} ${count}`,
    `${HISTOGRAM}_sum{${labels}} ${sum(({ seconds }) => seconds)}`,
    `${HISTOGRAM}_count{${labels}} ${count}`,
  ];
}
