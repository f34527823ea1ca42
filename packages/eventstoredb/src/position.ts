import type { Position } from '@stamp-ledger/codec';

/** A place in the server's log. Both numbers are needed to go on from it without a gap. */
export interface Place {
  readonly commit: bigint;
  readonly prepare: bigint;
}

const DIGITS = 16;
const PATTERN = /^([0-9]{16})-([0-9]{16})$/;
const END = 10n ** BigInt(DIGITS);

/** `<commit>-<prepare>`, each padded with zeros to 16 digits, so that text order is log order; undefined when too large. */
export function formatPosition({ commit, prepare }: Place): Position | undefined {
  if (commit < 0n || prepare < 0n || commit >= END || prepare >= END) return undefined;
  const text = (part: bigint): string => part.toString().padStart(DIGITS, '0');
  return `${text(commit)}-${text(prepare)}` as Position;
}

/** The place behind a position. Throws a plain Error for text that is no position of this log. */
export function parsePosition(position: Position): Place {
  const [, commit, prepare] = PATTERN.exec(position) ?? [];
  if (commit === undefined || prepare === undefined) throw new Error('not a position of EventStoreDB');
  return { commit: BigInt(commit), prepare: BigInt(prepare) };
}
