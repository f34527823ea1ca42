import { accept, type Decider, type Decision, unchanged } from './decision.js';
import type { LogKeyEvent } from './events.js';
import { impossible } from './invariant.js';

/** Public keys of the transparency log that were recorded, by their text. */
export type LogKeys = ReadonlyMap<string, 'added' | 'retired'>;

export interface ObserveLogKeys {
  readonly kind: 'observe';
  /** Every key of the log, the current one first, and whether it signs what is published. */
  readonly keys: readonly { readonly vkey: string; readonly signs: boolean }[];
}

/**
 * How the keys of the transparency log changed: stream `log-keys`. The first key is not recorded: whoever checks the log has
 * it from outside, and a log cannot vouch for itself.
 */
export const logKeysDecider: Decider<LogKeys, ObserveLogKeys, LogKeyEvent> = {
  initialState: new Map(),
  decide: observe,
  evolve: (keys, event) => {
    switch (event.type) {
      case 'LogKeyAdded':
        return new Map(keys).set(event.data.vkey, 'added');
      case 'LogKeyRetired':
        return new Map(keys).set(event.data.vkey, 'retired');
      default:
        return impossible(event);
    }
  },
};

function observe(known: LogKeys, { keys }: ObserveLogKeys): Decision<LogKeyEvent> {
  const [current] = keys;
  const added = keys.slice(0, -1).filter(({ vkey }) => !known.has(vkey));
  // The current key may not have signed yet.
  const retired = keys.filter((key) => key !== current && !key.signs && known.get(key.vkey) !== 'retired');
  const [first, ...others] = [
    ...added.reverse().map(({ vkey }) => ({ type: 'LogKeyAdded' as const, data: { vkey } })),
    ...retired.reverse().map(({ vkey }) => ({ type: 'LogKeyRetired' as const, data: { vkey } })),
  ];
  return first === undefined ? unchanged : accept<LogKeyEvent>(first, ...others);
}
