import type { PublishedLog } from '@stamp-ledger/app';
import type { Answer } from '../answer.js';
import type { Exchange, Route, Services } from '../exchange.js';
import { problem } from '../problems/problem.js';

type Log = Pick<PublishedLog, 'file'>;

/** Anyone may read the log from any web page. */
const PUBLIC = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' };
const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';
/** A tile never changes. */
const FOREVER = 'public, max-age=604800, immutable';
const ANYTHING = ['*/*'];

/** The transparency log for outsiders (C2SP tlog-tiles): what is missing is 404, whatever the reason. */
export function logRoutes({ ledger, receipts }: Services): Route[] {
  const tile = (exchange: Exchange): Promise<Answer> => serveTile(exchange, ledger.log);
  return [
    text('/log/checkpoint', 'no-cache', async () => ledger.log?.checkpoint()),
    text('/log/cosigned-checkpoint', 'no-cache', async () => ledger.log?.cosigned()),
    text('/log/vkeys', 'public, max-age=60', async () => ledger.log?.vkeys()),
    {
      method: 'GET',
      path: '/log/receipt-vkeys',
      produces: ANYTHING,
      handle: ({ requestId }) =>
        receipts === undefined
          ? missing(requestId)
          : answer(lines(receipts.vkeys), TEXT, 'public, max-age=60'),
    },
    { method: 'GET', path: '/log/tile/{level}/{index}', goesDeeper: true, produces: ANYTHING, handle: tile },
  ];
}

const text = (path: string, caching: string, read: () => Promise<Buffer | undefined>): Route => ({
  method: 'GET',
  path,
  produces: ANYTHING,
  handle: async ({ requestId }) => {
    const body = await read();
    return body === undefined ? missing(requestId) : answer(body, TEXT, caching);
  },
});

async function serveTile({ request, requestId }: Exchange, log: Log | undefined): Promise<Answer> {
  const path = (request.url ?? '').replace(/\?.*$/, '').replace(/^.*?\/log\//, '');
  const body = await log?.file(path);
  return body === undefined ? missing(requestId) : answer(body, BYTES, FOREVER);
}

const lines = (keys: readonly string[]): string => keys.map((key) => `${key}\n`).join('');

const missing = (requestId: string): Answer => problem('not-found', requestId, { headers: PUBLIC });

const answer = (body: string | Buffer, type: string, caching: string): Answer => ({
  status: 200,
  headers: { ...PUBLIC, 'content-type': type, 'cache-control': caching },
  body,
});
