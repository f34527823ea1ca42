import type { Caller, Outcome } from '@stamp-ledger/app';
import {
  type CommandBodies,
  type CommandName,
  deriveCommandId,
  sha256Hex,
  validateCommand,
} from '@stamp-ledger/codec';
import type { CommandId } from '@stamp-ledger/domain';
import type { Receipts } from '@stamp-ledger/wiring';
import type { Answer } from './answer.js';
import type { Principal, Scope } from './authentication/authenticator.js';
import type { Exchange, Route, Services } from './exchange.js';
import { HTTP_LIMITS } from './limits.js';
import { pointerFragment, problem, RequestProblem, refused } from './problems/problem.js';
import { idempotencyKey } from './request/idempotency-key.js';
import type { Target } from './request/parameters.js';
import { parseJson } from './request/parse-json.js';
import { hasBody, readBody } from './request/read-body.js';

/** What a command is carried out with. */
export interface CommandRequest<TargetValue, Body> {
  readonly target: TargetValue;
  readonly body: Body;
  readonly caller: Caller;
  readonly exchange: Exchange;
}

export interface CommandDefinition<Name extends CommandName, TargetValue extends string> {
  readonly path: string;
  readonly scope: Scope;
  readonly target: Target<TargetValue>;
  readonly body: Name;
  /** True when every member of the body is optional: then no body at all will do. */
  readonly bodyOptional?: boolean;
  execute(request: CommandRequest<TargetValue, CommandBodies[Name]>): Promise<Answer>;
}

/** A POST that changes something: its body is checked against the schema, and its key makes a repeat harmless. */
export function command<Name extends CommandName, TargetValue extends string>(
  services: Services,
  definition: CommandDefinition<Name, TargetValue>,
): Route {
  const { path, scope } = definition;
  return {
    method: 'POST',
    path,
    scope,
    handle: async (exchange) => {
      const target = definition.target(exchange.parameters);
      const key = requiredKey(exchange);
      const bytes = await readBody(exchange.request, services.limits);
      await services.gate.enter(exchange.request);
      const body = validated(definition, bytes);
      const requestHash = sha256Hex(bytes);
      const caller = callerOf(services, exchange, commandIdOf(exchange, path, target, key), requestHash);
      return once(services, exchange, caller, () => definition.execute({ target, body, caller, exchange }));
    },
  };
}

/** A DELETE: a body is refused; with a key a repeat gets the first answer, without one it is a command of its own. */
export function removal<TargetValue extends string>(
  services: Services,
  definition: {
    readonly path: string;
    readonly scope: Scope;
    readonly target: Target<TargetValue>;
    execute(request: CommandRequest<TargetValue, undefined>): Promise<Answer>;
  },
): Route {
  const { path, scope } = definition;
  const requestHash = sha256Hex('');
  return {
    method: 'DELETE',
    path,
    scope,
    handle: async (exchange) => {
      if (hasBody(exchange.request)) throw new RequestProblem('unexpected-body');
      const target = definition.target(exchange.parameters);
      const key = idempotencyKey(exchange.request.headers['idempotency-key'] as string | undefined);
      const execute = (caller: Caller): Promise<Answer> =>
        definition.execute({ target, body: undefined, caller, exchange });
      if (key === undefined) {
        exchange.commandStarted = true;
        const caller = callerOf(services, exchange, services.runtime.ids.commandId(), requestHash);
        return await withReceipt(await execute(caller), services.receipts);
      }
      const caller = callerOf(services, exchange, commandIdOf(exchange, path, target, key), requestHash);
      return once(services, exchange, caller, () => execute(caller));
    },
  };
}

export function validated<Name extends CommandName>(
  { body: name, bodyOptional = false }: { readonly body: Name; readonly bodyOptional?: boolean },
  bytes: Buffer,
): CommandBodies[Name] {
  const value = bytes.length === 0 && bodyOptional ? {} : parseJson(bytes);
  const result = validateCommand(name, value);
  if (result.ok) return result.value;
  const errors = result.faults
    .slice(0, HTTP_LIMITS.toldFaults)
    .map(({ pointer, detail }) => ({ pointer: pointerFragment(pointer), detail }));
  throw new RequestProblem('invalid-request', {
    detail: 'The body does not have the form that is wanted.',
    errors,
  });
}

/** The key that a command has to come with. */
export function requiredKey({ request }: Exchange): string {
  const key = idempotencyKey(request.headers['idempotency-key'] as string | undefined);
  if (key === undefined) throw new RequestProblem('idempotency-key-required');
  return key;
}

function principalOf({ principal }: Exchange): Principal {
  if (principal === undefined) throw new Error('a command came without a principal');
  return principal;
}

/** From the key and what it is unique within: who, method and path, with the path's parameter in canonical form. */
export const commandIdOf = (exchange: Exchange, path: string, target: string, key: string): CommandId =>
  deriveCommandId(
    'http',
    principalOf(exchange).subject,
    exchange.request.method ?? '',
    path.replace(/\{\w+\}/, target),
    key,
  );

export function callerOf(
  { gate }: Services,
  exchange: Exchange,
  commandId: CommandId,
  requestHash: string,
): Caller {
  const { subject, channel } = principalOf(exchange);
  const deadline = gate.deadlineOf(exchange.request);
  return {
    actor: subject,
    commandId,
    correlationId: exchange.correlationId,
    requestHash,
    ...(channel === undefined ? {} : { actingChannel: channel }),
    ...(deadline === undefined ? {} : { deadline }),
  };
}

/** Carries a command out unless its key has an answer already, and keeps the answer when it is final. */
async function once(
  { idempotencyKeys, logger, receipts }: Services,
  exchange: Exchange,
  { commandId: key, requestHash }: Caller,
  execute: () => Promise<Answer>,
): Promise<Answer> {
  const { requestId } = exchange;
  const claim = await idempotencyKeys.claim({ key, requestHash });
  switch (claim.kind) {
    case 'finished':
      return { ...claim.answer, headers: { ...claim.answer.headers, 'idempotency-replayed': 'true' } };
    case 'in-progress':
      return problem('request-in-progress', requestId, { headers: { 'retry-after': '1' } });
    case 'other-request':
      return problem('idempotency-key-reused', requestId);
    case 'claimed':
      break;
  }
  const release = (): Promise<void> =>
    idempotencyKeys
      .release(key)
      .catch((error) => logger.warn({ requestId, err: error }, 'a key was not released'));
  let answer: Answer;
  try {
    exchange.commandStarted = true;
    answer = await withReceipt(await execute(), receipts);
  } catch (error) {
    await release();
    throw error;
  }
  // Another request's answer must not be kept as the answer of this key, nor one that is true for a moment.
  if (answer.status >= 500 || answer.problem === 'idempotency-key-reused' || answer.isPassing === true) {
    await release();
    return answer;
  }
  const { status, headers, body } = answer;
  await idempotencyKeys
    .finish({ key, answer: { status, headers, body: body.toString() } })
    // The command is done and its events hold the answer; losing the copy costs a repeat some work.
    .catch((error) => logger.warn({ requestId, err: error }, 'an answer was not kept'));
  return answer;
}

/** Adds the signed promise that what the command wrote is in the log, or will be. */
async function withReceipt(answer: Answer, receipts: Receipts | undefined): Promise<Answer> {
  const { leaves = [], headers } = answer;
  const receipt = await receipts?.sign(leaves);
  return receipt === undefined ? answer : { ...answer, headers: { ...headers, 'ledger-receipt': receipt } };
}

/** Turns what a command came to into an answer: `done` says how a success looks. */
export async function settle<State>(
  exchange: Exchange,
  outcome: Outcome<State>,
  done: (result: Extract<Outcome<State>, { kind: 'done' }>) => Answer | Promise<Answer>,
): Promise<Answer> {
  switch (outcome.kind) {
    case 'done':
      return { ...(await done(outcome)), leaves: outcome.leaves };
    case 'refused':
      return refused(outcome.refusal, exchange.requestId);
    case 'other-request':
      return problem('idempotency-key-reused', exchange.requestId);
    case 'expired':
      return problem('deadline-passed', exchange.requestId);
  }
}
