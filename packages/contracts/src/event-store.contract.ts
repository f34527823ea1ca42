import { type ContractCase, contractCases } from './contract.js';
import { APPEND_CASES } from './event-store/append.cases.js';
import { CONCURRENCY_CASES } from './event-store/concurrency.cases.js';
import { FOLLOW_CASES } from './event-store/follow.cases.js';
import { type StoreUnderTest, setUp } from './event-store/harness.js';
import { IDEMPOTENCY_CASES } from './event-store/idempotency.cases.js';
import { MODEL_CASES } from './event-store/model.cases.js';
import { READ_CASES } from './event-store/read.cases.js';
import { RESTART_CASES } from './event-store/restart.cases.js';

export type { StoreUnderTest } from './event-store/harness.js';

export interface EventStoreContractOptions {
  /** The adapter's name, which begins the name of every case. */
  readonly name: string;
  /** Opens a store that no other case uses. */
  readonly open: () => Promise<StoreUnderTest>;
  /** Milliseconds that one case may take. */
  readonly deadline?: number;
}

/** What every {@link EventStore} must do. Run each case; one that rejects is a breach. */
export function eventStoreContract({
  name,
  open,
  deadline,
}: EventStoreContractOptions): readonly ContractCase[] {
  return contractCases({
    name,
    cases: [
      ...APPEND_CASES,
      ...IDEMPOTENCY_CASES,
      ...READ_CASES,
      ...FOLLOW_CASES,
      ...CONCURRENCY_CASES,
      ...RESTART_CASES,
      ...MODEL_CASES,
    ],
    open,
    run: async (each, underTest) => each.run(await setUp(underTest)),
    deadline,
  });
}
