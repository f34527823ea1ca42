import { parseSerial } from '@stamp-ledger/app';
import type { Serial } from '@stamp-ledger/domain';
import { invalidParameter, RequestProblem } from '../problems/problem.js';

/** Values of a path's parameters, by name. */
export type PathParameters = Readonly<Record<string, string>>;

/** Reads the one parameter of a path; throws a RequestProblem for one that cannot name anything. */
export type Target<Value extends string> = (parameters: PathParameters) => Value;

const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** A serial as a person typed it, in canonical form. */
export const serialTarget: Target<Serial> = ({ serial = '' }) => {
  const parsed = parseSerial(serial);
  if (!parsed.ok) throw new RequestProblem('malformed-serial');
  return parsed.serial;
};

export const idTarget =
  <Id extends string>(): Target<Id> =>
  ({ id = '' }) => {
    if (!ID.test(id)) throw invalidParameter('id', 'must be an id');
    return id as Id;
  };

export const sha256Target: Target<string> = ({ sha256 = '' }) => {
  if (!SHA256.test(sha256)) throw invalidParameter('sha256', 'must be 64 lower-case hexadecimal characters');
  return sha256;
};

/** For a path without a parameter. */
export const noTarget: Target<''> = () => '';
