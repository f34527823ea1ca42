import { randomUUID } from 'node:crypto';

/** One call of the API under test. */
export interface Call {
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** null: no token at all. */
  readonly token?: string | null;
  /** null: no idempotency key; a fresh one when absent. */
  readonly key?: string | null;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: JsonObject;
}

/** Told of every answer, with the request that it belongs to. */
export type Witness = (request: { readonly method: string; readonly path: string }, reply: Reply) => void;

export type Caller = (path: string, call?: Call) => Promise<Reply>;

/** A caller of the API at `url`, with `token` unless a call brings its own. */
export function caller(url: string, token: string, witness: Witness = () => undefined): Caller {
  return async (path, { method, body, raw, headers = {}, token: own = token, key } = {}) => {
    const verb = method ?? (body === undefined && raw === undefined ? 'GET' : 'POST');
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const answer = await fetch(url + path, {
      method: verb,
      headers: {
        ...(own === null ? {} : { authorization: `Bearer ${own}` }),
        ...(verb === 'POST' && key !== null ? { 'idempotency-key': key ?? randomUUID() } : {}),
        ...(verb !== 'POST' && typeof key === 'string' ? { 'idempotency-key': key } : {}),
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent === undefined ? {} : { body: sent as string }),
    });
    const text = await answer.text();
    const isJson = /^application\/(problem\+)?json/.test(answer.headers.get('content-type') ?? '');
    const reply: Reply = {
      status: answer.status,
      headers: answer.headers,
      text,
      json: isJson && text !== '' ? (JSON.parse(text) as JsonObject) : {},
    };
    witness({ method: verb, path }, reply);
    return reply;
  };
}
