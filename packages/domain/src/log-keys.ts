import { accept, type Decider, type Decision, unchanged } from './decision.js';
import type { LogKeyEvent } from './events.js';
import { impossible } from './invariant.js';

/** Public keys that were recorded as signing the transparency log and not as retired since, by their text. */
export type LogKeys = ReadonlySet<string>;

export interface ObserveLogKeys {
  readonly kind: 'observe';
  /** Every key that signs the newest published checkpoint, the oldest first: at least one. */
  readonly signers: readonly string[];
}

/**
 * Which keys sign the transparency log: stream `log-keys`. The only key of a log is not recorded before a second one signs
 * beside it: whoever checks the log has it from outside, and a log cannot vouch for itself.
 */
export const logKeysDecider: Decider<LogKeys, ObserveLogKeys, LogKeyEvent> = {
  initialState: new Set(),
  decide: observe,
  evolve: (keys, event) => {
    const { vkey } = event.data;
    switch (event.type) {
      case 'LogKeyAdded':
        return new Set(keys).add(vkey);
      case 'LogKeyRetired':
        return new Set([...keys].filter((key) => key !== vkey));
      default:
        return impossible(event);
    }
  },
};

function observe(recorded: LogKeys, { signers }: ObserveLogKeys): Decision<LogKeyEvent> {
  if (recorded.size === 0 && signers.length === 1) return unchanged;
  const added = signers.filter((vkey) => !recorded.has(vkey));
  const retired = [...recorded].filter((vkey) => !signers.includes(vkey));
  const [first, ...others] = [
    ...added.map((vkey) => ({ type: 'LogKeyAdded' as const, data: { vkey } })),
    ...retired.map((vkey) => ({ type: 'LogKeyRetired' as const, data: { vkey } })),
  ];
  return first === undefined ? unchanged : accept<LogKeyEvent>(first, ...others);
}
