import { setTimeout as sleep } from 'node:timers/promises';
import { PortError, parseSerial } from '@stamp-ledger/app';
import { sha256Hex } from '@stamp-ledger/codec';
import type { Answer } from '../answer.js';
import { callerOf, commandIdOf, requiredKey, validated } from '../command.js';
import type { Exchange, Route, Services } from '../exchange.js';
import { longAnswers } from '../long-answers.js';
import { answerOf, isCorruption } from '../problems/failures.js';
import { RequestProblem } from '../problems/problem.js';
import { takeTime } from '../request/patience.js';
import { assertType, type BodyType } from '../request/read-body.js';
import { type BodyLine, readLines } from '../request/read-lines.js';

const JSON_LINES: BodyType = {
  name: 'application/x-ndjson',
  pattern: /^application\/(?:x-ndjson|jsonl)[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i,
};
const PATH = '/v1/verifications/bulk';

/**
 * Verifications by the million: a line in, a line out, in order, each recorded and answered while the rest is still
 * coming. Each check is a command of its own, named by the request's key and by what is checked, not by its line: under
 * one key a serial is checked once against a document, however often and wherever it is sent. So an interrupted body may
 * be sent again whole, in part or corrected, and no answer is ever that of another check.
 */
export function bulkVerification(services: Services): Route {
  const { limits, draining, gate } = services;
  const places = longAnswers(limits, { most: limits.bulkRequests, what: 'bulk verifications' });
  async function* untilCut(exchange: Exchange, key: string): AsyncGenerator<string, void, undefined> {
    // When the service stops it is cut off: what it has recorded it will find again.
    const cut = (): void => void exchange.request.destroy();
    draining.addEventListener('abort', cut);
    try {
      yield* verdicts(services, exchange, key);
    } finally {
      draining.removeEventListener('abort', cut);
    }
  }
  return {
    method: 'POST',
    path: PATH,
    scope: 'verify',
    produces: [JSON_LINES.name],
    handle: async (exchange) => {
      const key = requiredKey(exchange);
      assertType(exchange.request, JSON_LINES);
      await gate.enter(exchange.request);
      const stream = places(exchange, () => untilCut(exchange, key));
      // From here on it has a bound and a pace of its own.
      gate.leave(exchange.request);
      takeTime(exchange.request, limits.bulkIdleMilliseconds);
      return {
        status: 200,
        headers: { 'content-type': JSON_LINES.name },
        body: '',
        stream,
      };
    },
  };
}

async function* verdicts(
  services: Services,
  exchange: Exchange,
  key: string,
): AsyncGenerator<string, void, undefined> {
  const { limits } = services;
  for await (const lines of readLines(exchange.request, limits.bulkLineBytes)) {
    for (let from = 0; from < lines.length; from += limits.bulkLines) {
      const begun = performance.now();
      const round = lines.slice(from, from + limits.bulkLines);
      const answers = await Promise.all(round.map((line) => answerLine(services, exchange, key, line)));
      yield answers.join('');
      // Half of the time is left to others, and more of it the busier they keep the ledger.
      await sleep(Math.min(performance.now() - begun, limits.bulkRestMilliseconds));
    }
  }
}

/** One line's answer as a line of JSON. What is wrong with a line, or only with its moment, is said in its place. */
async function answerLine(
  services: Services,
  exchange: Exchange,
  key: string,
  { line, bytes }: BodyLine,
): Promise<string> {
  try {
    if (bytes === undefined)
      throw new RequestProblem('body-too-large', {
        detail: `The line is longer than ${services.limits.bulkLineBytes} bytes.`,
      });
    return `${JSON.stringify({ line, ...(await verified(services, exchange, key, bytes)) })}\n`;
  } catch (error) {
    const isOfThisLine = error instanceof RequestProblem || error instanceof PortError;
    if (!isOfThisLine || isCorruption(error)) throw error;
    const { requestId } = exchange;
    return withProblem(line, answerOf(error, { requestId, commandStarted: true }, services.limits));
  }
}

const withProblem = (line: number, { body }: Answer): string =>
  `{"line":${line},"problem":${body.toString()}}\n`;

async function verified(services: Services, exchange: Exchange, key: string, bytes: Buffer) {
  const { serial: serialText, document } = validated({ body: 'verify-stamp' }, bytes);
  const parsed = parseSerial(serialText);
  const check = `${parsed.ok ? parsed.serial : serialText} ${document?.sha256 ?? ''}`;
  const report = await services.ledger.stamps.verify(
    { serialText, ...(document === undefined ? {} : { documentSha256: document.sha256 }) },
    callerOf(services, exchange, commandIdOf(exchange, `${PATH}/{check}`, check, key), sha256Hex(check)),
  );
  if ('kind' in report)
    throw new RequestProblem(report.kind === 'expired' ? 'deadline-passed' : 'idempotency-key-reused');
  const { serial, verdict, reasons, recorded } = report;
  return { serial, verdict, reasons, position: recorded?.position };
}
