import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface FakeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers one request; the first of `answers` first, the last one for all that follow. */
export type FakeAnswer = (response: ServerResponse, request: FakeRequest) => void;

export interface FakeLedger {
  readonly url: string;
  readonly requests: FakeRequest[];
  close(): Promise<void>;
}

/** A server that answers as a test says, and remembers what it was asked. */
export async function startFakeLedger(
  ...answers: readonly [FakeAnswer, ...FakeAnswer[]]
): Promise<FakeLedger> {
  const requests: FakeRequest[] = [];
  const server = createServer(async (request, response) => {
    const seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: await text(request),
    };
    requests.push(seen);
    (answers[requests.length - 1] ?? answers.at(-1) ?? answers[0])(response, seen);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const jsonAnswer =
  (status: number, body: unknown, headers: Record<string, string> = {}): FakeAnswer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

export const problemAnswer = (
  status: number,
  name: string,
  headers: Record<string, string> = {},
): FakeAnswer =>
  jsonAnswer(
    status,
    { type: `/problems/${name}`, title: name, status, detail: `It is ${name}.`, instance: 'request-1' },
    { 'content-type': 'application/problem+json', ...headers },
  );

/** Cuts the connection instead of answering. */
export const cutOff: FakeAnswer = (response) => response.socket?.destroy();
