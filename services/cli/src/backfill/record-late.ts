import { type Answer, type LedgerClient, LedgerError } from '@stamp-ledger/client';
import { describeError, errorJson } from '../error-output.js';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-codes.js';
import { keyUnder, type LateCommand, type LateLine } from './late-line.js';
import { recordedBefore } from './recorded-before.js';

/**
 * What became of one line. `recorded`: an event says so, now or since an earlier run. `already`: it was so before.
 * `conflict`: the ledger says no, and a person has to look. `unreadable`: the line is none. `unsent`: nobody knows;
 * running the file again asks anew.
 */
export type LateResult =
  | { readonly kind: 'recorded' | 'already'; readonly line: number; readonly position?: string }
  | { readonly kind: 'conflict'; readonly line: number; readonly error: object; readonly detail: string }
  | { readonly kind: 'unreadable'; readonly line: number; readonly detail: string }
  | {
      readonly kind: 'unsent';
      readonly line: number;
      readonly detail: string;
      readonly code: ExitCode;
    };

type Client = Pick<LedgerClient, 'stamps' | 'orders' | 'audit'>;

/** Records one line. Rejects only with what is no answer to this line: a broken client, a wrong program. */
export async function recordLate(client: Client, line: LateLine): Promise<LateResult> {
  if (line.kind === 'unreadable') return { kind: 'unreadable', line: line.line, detail: line.fault };
  try {
    return recorded(line, await send(client, line.command, line.key));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return error.problemName === 'idempotency-key-reused' ? recordAnew(client, line) : refused(line, error);
  }
}

type CommandLine = Extract<LateLine, { readonly kind: 'command' }>;

/** The same fact was sent before under other evidence: its journal has grown since, or was put in another order. */
async function recordAnew(client: Client, line: CommandLine): Promise<LateResult> {
  try {
    const before = await recordedBefore(client, line.command);
    if (before !== undefined) return { kind: 'already', line: line.line, position: before.position };
    return recorded(line, await send(client, line.command, keyUnder(line)));
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return refused(line, error);
  }
}

function recorded({ line, command }: CommandLine, answer: Answer<unknown>): LateResult {
  const changed = answer.status === 201 || command.kind === 'payment';
  const position = answer.position === undefined ? {} : { position: answer.position };
  return { kind: changed ? 'recorded' : 'already', line, ...position };
}

function refused({ line }: CommandLine, error: LedgerError): LateResult {
  const code = exitCodeOf(error);
  const detail = describeError(error);
  if (code === EXIT.refused || code === EXIT.notFound)
    return { kind: 'conflict', line, ...errorJson(error), detail };
  return { kind: 'unsent', line, detail, code };
}

function send(client: Client, command: LateCommand, key: string): Promise<Answer<unknown>> {
  switch (command.kind) {
    case 'sale':
      return client.stamps.sell(command.serial, command.body, { key });
    case 'affixing':
      return client.stamps.affix(command.serial, command.body, { key });
    case 'payment':
      return client.orders.pay(command.orderId, command.body, { key });
  }
}
