import type { Answer, StampCommandAnswer } from '@stamp-ledger/client';
import type { ItemResult } from './per-item.js';
import { pairs } from './table.js';

/** The body, with the position that came in a header. */
export const withPosition = ({ body, position }: Answer<object>): object =>
  position === undefined ? body : { ...body, position };

export const moneyText = (money: { readonly amount: string; readonly currency: string } | undefined) =>
  money === undefined ? undefined : `${money.currency} ${money.amount}`;

/** What a command on one stamp did. */
export function stampResult(answer: Answer<StampCommandAnswer>): ItemResult {
  const { serial, state, revision } = answer.body;
  return {
    json: withPosition(answer),
    lines: () =>
      pairs([
        ['serial', serial],
        ['state', state],
        ['revision', revision],
        ['position', answer.position],
      ]),
    line: () => `${serial}  ${state}  revision ${revision}`,
  };
}
