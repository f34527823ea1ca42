import {
  EVENT_VERSIONS,
  type Position,
  parseInstant,
  parseStream,
  type StreamName,
} from '@stamp-ledger/codec';
import type { EventType, Instant, Serial } from '@stamp-ledger/domain';
import type { Moment } from '@stamp-ledger/ports';
import { HTTP_LIMITS } from '../limits.js';
import { invalidParameter } from '../problems/problem.js';

/** How one query parameter is read. `parse` answers undefined for a value of the wrong form. */
export interface Parameter<Value> {
  readonly parse: (text: string) => Value | undefined;
  /** Continues "The parameter x …". */
  readonly wants: string;
}
type Parameters = Readonly<Record<string, Parameter<unknown>>>;
export type QueryOf<Shape extends Parameters> = {
  readonly [Name in keyof Shape]?: Shape[Name] extends Parameter<infer Value> ? Value : never;
};

/** Reads a query string that may hold each parameter of `shape` once, and nothing else. */
export function readQuery<Shape extends Parameters>(search: string, shape: Shape): QueryOf<Shape> {
  const values: Record<string, unknown> = {};
  if (search !== '')
    for (const [name, text] of new URLSearchParams(search)) {
      const parameter = Object.hasOwn(shape, name) ? shape[name] : undefined;
      if (parameter === undefined) throw invalidParameter(shown(name), 'is not known here');
      if (Object.hasOwn(values, name)) throw invalidParameter(name, 'is given twice');
      const value = text.length <= HTTP_LIMITS.parameterCharacters ? parameter.parse(text) : undefined;
      if (value === undefined) throw invalidParameter(name, parameter.wants);
      values[name] = value;
    }
  return values as QueryOf<Shape>;
}

/** A client's own word in an answer: only if it is a plain one. */
const shown = (name: string): string => (/^[\w.-]{1,64}$/.test(name) ? name : '(unprintable)');

const matching = (pattern: RegExp, wants: string): Parameter<string> => ({
  parse: (text) => (pattern.test(text) ? text : undefined),
  wants,
});

/** Only the forms that are handed out: a year such as 2024 is no position, but a time written badly. */
const POSITION = /^[0-9]{16}(-[0-9]{16})?$/;
const parsePosition = (text: string): Position | undefined =>
  POSITION.test(text) && text.split('-').every((part) => Number.isSafeInteger(Number(part)))
    ? (text as Position)
    : undefined;

function parseMoment(text: string): Moment | undefined {
  const position = parsePosition(text);
  if (position !== undefined) return { position };
  const recordedAt = parseInstant(text);
  return recordedAt === undefined ? undefined : { recordedAt };
}

export const integer = (least: number, most: number): Parameter<number> => ({
  parse: (text) => {
    const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
    return value >= least && value <= most ? value : undefined;
  },
  wants: `must be a whole number from ${least} to ${most}`,
});

export const position: Parameter<Position> = {
  parse: parsePosition,
  wants: 'must be a position as the ledger hands it out',
};
export const moment: Parameter<Moment> = {
  parse: parseMoment,
  wants:
    'must be an RFC 3339 time in UTC, such as 2024-09-06T13:00:00Z, or a position as the ledger hands it out',
};
export const oneOf = <Value extends string>(...values: readonly Value[]): Parameter<Value> => ({
  parse: (text) => values.find((value) => value === text),
  wants: `must be ${values.join(' or ')}`,
});
export const id = <Id extends string>(): Parameter<Id> =>
  matching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be an id') as Parameter<string> as Parameter<Id>;
export const channel = matching(/^[a-z0-9][a-z0-9-]{0,63}$/, "must be a channel's name");
export const amount = matching(/^(0|[1-9][0-9]{0,14})(\.[0-9]{1,3})?$/, 'must be a decimal amount');
export const currency = matching(/^[A-Z]{3}$/, 'must be an ISO 4217 code');
export const cursor = matching(POSITION, 'must be the `next` of an earlier page');
export const serial = matching(
  /^[0-9A-Z]{22}$/,
  "must be a stamp's serial",
) as Parameter<string> as Parameter<Serial>;
export const holder = matching(/^[\x20-\x7e]{1,128}$/, "must be a holder's reference");
export const sha256 = matching(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hexadecimal');
export const uuid = matching(
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  'must be a UUID in lower case',
);
export const instant: Parameter<Instant> = {
  parse: parseInstant,
  wants: 'must be an RFC 3339 time in UTC, such as 2024-09-06T13:00:00Z',
};
export const paymentReference = matching(
  /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/,
  "must be a payment provider's reference",
);
export const paymentCursor = matching(
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z_[0-9]{16}(-[0-9]{16})?$/,
  'must be the `next` of an earlier page',
);
const STREAM = /^[a-z]{1,16}-[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
export const streamName: Parameter<string> = {
  parse: (text) => (STREAM.test(text) && parseStream(text as StreamName) !== undefined ? text : undefined),
  wants: 'must be the name of a stream',
};
export const eventTypes: Parameter<readonly EventType[]> = {
  parse: (text) => {
    const types = text.split(',');
    return types.every((type): type is EventType => Object.hasOwn(EVENT_VERSIONS, type)) ? types : undefined;
  },
  wants: 'must be event types of the ledger, separated by commas',
};
