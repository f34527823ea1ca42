import { sha256Hex } from '@stamp-ledger/codec';
import type { Serial } from '@stamp-ledger/domain';
import type { LoadRequest } from '../harness/load/load.js';
import { CHANNEL, DENOMINATION, serialAt } from './lives.js';

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

/** The affixing of a stamp to a paper of its own. */
export const affixingOf = (serial: Serial): LoadRequest => ({
  method: 'POST',
  path: `/v1/stamps/${serial}/affixation`,
  body: JSON.stringify({ document: { sha256: sha256Hex(`paper ${serial}`), type: 'application/pdf' } }),
  key: `affix-${serial}`,
});

/** Affixing of sold stamps, each once. */
export const affixings = (from: number, to: number): LoadRequest[] =>
  range(from, to).map((index) => affixingOf(serialAt(index)));

/** Look-ups of serials all over `of` stamps, in an order that no cache can guess. */
export const lookUps = (count: number, of: number, first = 0): LoadRequest[] =>
  range(first, first + count).map((index) => ({
    method: 'GET',
    path: `/v1/stamps/${serialAt((index * 7_919_999) % of)}`,
  }));

export const orderIdAt = (index: number): string => `bench-${index}`;

/** Orders of one stamp each, paid as they are placed. */
export const paidOrders = (from: number, to: number): LoadRequest[] =>
  range(from, to).map((index) => ({
    method: 'POST',
    path: '/v1/orders',
    body: JSON.stringify({
      orderId: orderIdAt(index),
      channel: CHANNEL,
      holder: `holder-${index}`,
      denomination: DENOMINATION,
      quantity: 1,
      payment: { reference: `bench-${index}`, paidAt: '2024-09-06T13:00:00.000Z', ...DENOMINATION },
    }),
    key: `order-${index}`,
  }));
