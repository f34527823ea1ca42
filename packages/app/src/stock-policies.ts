import { STOCK_POLICIES_STREAM, sha256Hex, stockLevelStream } from '@stamp-ledger/codec';
import { type Channel, type Money, money, type StockPolicyId } from '@stamp-ledger/domain';
import type { Context } from './context.js';
import type { Ledger } from './ledger.js';
import { fromCaller } from './sources.js';

/** When stocks are low, and what the issuer lets be allocated then without being asked. */
export function stockPolicies({ aggregates, readModels }: Context): Ledger['stock'] {
  return {
    setPolicy: (body, caller) => {
      const channel = body.channel as Channel;
      const denomination = normalised(body.denomination);
      return aggregates.stockPolicies.execute({
        stream: STOCK_POLICIES_STREAM,
        source: fromCaller(caller),
        command: () => ({
          kind: 'set',
          ...body,
          policyId: policyIdOf(channel, denomination),
          channel,
          denomination,
        }),
      });
    },
    watched: async () => {
      const { state } = await aggregates.stockPolicies.load(STOCK_POLICIES_STREAM);
      return Promise.all(
        [...state.values()].map(async (policy) => ({
          ...policy,
          inStock: await readModels.stockCount(policy),
          level: (await aggregates.stockLevels.load(stockLevelStream(policy.policyId))).state,
        })),
      );
    },
  };
}

/** One policy for a channel and denomination: setting it again replaces it. */
const policyIdOf = (channel: Channel, { amount, currency }: Money): StockPolicyId =>
  sha256Hex(`${channel}\n${amount}\n${currency}`).slice(0, 32) as StockPolicyId;

/** `10000` for `10000.00`; what no currency has stays as it is, to be refused. */
function normalised(denomination: Money): Money {
  const minor = money.toMinorUnits(denomination);
  return minor === undefined ? denomination : money.fromMinorUnits(minor, denomination.currency);
}
