import type { Channel, Money } from '@stamp-ledger/domain';

/** Names the queue of an order: those of one channel and denomination are served from one stock. */
export const queueKey = ({
  channel,
  denomination,
}: {
  readonly channel: Channel;
  readonly denomination: Money;
}): string => `${channel}\n${denomination.amount}\n${denomination.currency}`;
