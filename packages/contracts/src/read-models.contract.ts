import { projectBatch } from '@stamp-ledger/app';
import { type ContractCase, contractCases } from './contract.js';
import { DELIVERY_CASES } from './read-models/delivery.cases.js';
import { Bench, type Deliver, type ReadModelsUnderTest } from './read-models/harness.js';
import { HISTORY_CASES } from './read-models/history.cases.js';
import { LOOK_UP_CASES } from './read-models/look-up.cases.js';
import { ORDER_CASES } from './read-models/order.cases.js';
import { PAYMENT_CASES } from './read-models/payment.cases.js';
import { RUN_CASES } from './read-models/run.cases.js';
import { STOCK_CASES } from './read-models/stock.cases.js';

export type { Deliver, OpenModels, ReadModelsUnderTest, Tampering } from './read-models/harness.js';

export interface ReadModelsContractOptions {
  /** The adapter's name, which begins the name of every case. */
  readonly name: string;
  /** Opens empty read models that no other case uses. */
  readonly open: () => Promise<ReadModelsUnderTest>;
  /** Stands in for the application's way of giving events to a projection. */
  readonly deliver?: Deliver;
  /** Milliseconds that one case may take. */
  readonly deadline?: number;
}

/** What every ProjectionStore and its ReadModelQueries must do. Run each case; one that rejects is a breach. */
export function readModelsContract({
  name,
  open,
  deliver = projectBatch,
  deadline,
}: ReadModelsContractOptions): readonly ContractCase[] {
  return contractCases({
    name,
    cases: [
      ...DELIVERY_CASES,
      ...RUN_CASES,
      ...HISTORY_CASES,
      ...ORDER_CASES,
      ...PAYMENT_CASES,
      ...STOCK_CASES,
      ...LOOK_UP_CASES,
    ],
    open,
    run: (each, underTest) => each.run(new Bench(underTest, deliver)),
    deadline,
  });
}
