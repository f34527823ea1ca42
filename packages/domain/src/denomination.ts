import { refuse } from './decision.js';
import { isKnownCurrency, toMinorUnits } from './money.js';
import type { Money } from './wire.generated.js';

/** The refusal for a price that no stamp can have (unknown currency, bad decimals, zero); undefined for a good one. */
export function refuseDenomination(denomination: Money): ReturnType<typeof refuse> | undefined {
  if (!isKnownCurrency(denomination.currency)) {
    return refuse(
      'unknown-currency',
      'The currency of the denomination is not an active ISO 4217 currency.',
      {
        currency: denomination.currency,
      },
    );
  }
  const minor = toMinorUnits(denomination);
  if (minor === undefined || minor === 0n) {
    return refuse(
      'invalid-amount',
      'The denomination must be a positive amount with no more decimals than its currency has.',
    );
  }
  return undefined;
}
