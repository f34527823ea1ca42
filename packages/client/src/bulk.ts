import { randomUUID } from 'node:crypto';
import type { BulkVerificationAnswer } from './answers.js';
import type { CallOptions } from './call.js';
import { LedgerError, readProblem } from './errors.js';
import type { Transport } from './transport.js';

/** One check among many. */
export interface BulkVerification {
  readonly serial: string;
  /** Hexadecimal. */
  readonly documentSha256?: string;
}

export interface BulkOptions extends Pick<CallOptions, 'signal'> {
  /** Idempotency-Key of the whole: the same check with the same key is recorded once, on whatever line. Generated when absent. */
  readonly key?: string;
}

export type VerifyBulk = (
  checks: AsyncIterable<BulkVerification>,
  options?: BulkOptions,
) => AsyncGenerator<BulkVerificationAnswer, void, undefined>;

/**
 * Checks of any number in one request, answered in order while the rest is still being sent; neither is ever held in
 * full. Nothing is sent again by itself: when it rejects with a LedgerError, send the same checks with the error's
 * `idempotencyKey`, and those that were recorded answer as the first time.
 */
export const verifyBulk = (transport: Transport, token: string | undefined): VerifyBulk =>
  async function* (checks, { key = randomUUID(), signal } = {}) {
    let answered = 0;
    try {
      const { status, lines } = await transport.stream({
        path: '/v1/verifications/bulk',
        headers: {
          accept: 'application/x-ndjson, application/problem+json',
          'content-type': 'application/x-ndjson',
          'idempotency-key': key,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        lines: linesOf(checks),
        ...(signal === undefined ? {} : { signal }),
      });
      if (status !== 200) throw await problemOf(status, lines);
      for await (const line of lines) {
        answered += 1;
        yield parse(line);
      }
    } catch (cause) {
      if (!(cause instanceof LedgerError)) throw cause;
      throw new LedgerError(cause.kind, `${cause.message}, after ${answered} answers`, {
        attempts: 1,
        idempotencyKey: key,
        cause: cause.cause,
        ...(cause.problem === undefined ? {} : { problem: cause.problem }),
        ...(cause.code === undefined ? {} : { code: cause.code }),
      });
    }
  };

async function* linesOf(checks: AsyncIterable<BulkVerification>): AsyncGenerator<string, void, undefined> {
  for await (const { serial, documentSha256 } of checks)
    yield `${JSON.stringify(documentSha256 === undefined ? { serial } : { serial, document: { sha256: documentSha256 } })}\n`;
}

async function problemOf(status: number, lines: AsyncIterable<string>): Promise<LedgerError> {
  let text = '';
  for await (const line of lines) text += line;
  const problem = readProblem(status, text);
  return new LedgerError('problem', problem.detail ?? problem.title, { problem });
}

function parse(line: string): BulkVerificationAnswer {
  try {
    return JSON.parse(line) as BulkVerificationAnswer;
  } catch (cause) {
    throw new LedgerError('protocol', 'a line of the answer is not JSON', { cause });
  }
}
