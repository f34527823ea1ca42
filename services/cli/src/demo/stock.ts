import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerClient } from '@stamp-ledger/client';
import type { Output } from '../output.js';
import { startProgress } from '../progress.js';
import type { Facts } from './facts.js';
import { DENOMINATION, type Plan } from './scenario.js';

const SERIES = '2024';
const BATCHES = 3;
const POLL_MILLISECONDS = 100;

interface Setup {
  readonly client: LedgerClient;
  readonly facts: Facts;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Mints what the plan needs in a few batches and gives each channel its stock. Answers a position before the rush. */
export async function prepareStock(setup: Setup, plan: Plan): Promise<string | undefined> {
  const total = plan.channels.reduce((sum, { stock, restock }) => sum + stock + restock, 0);
  await mint(setup, total);
  return allocate(setup, plan);
}

async function mint(setup: Setup, total: number): Promise<void> {
  const quantity = Math.ceil(total / BATCHES);
  const progress = startProgress(setup.output, 'minting', quantity * BATCHES);
  try {
    for (let index = 0; index < BATCHES; index += 1)
      await mintBatch(setup, `batch-${index + 1}`, quantity, (minted) =>
        progress.update(index * quantity + minted),
      );
  } finally {
    progress.stop();
  }
}

async function mintBatch(
  { client, facts, signal }: Setup,
  batchId: string,
  quantity: number,
  show: (minted: number) => void,
): Promise<void> {
  const body = { batchId, denomination: DENOMINATION, quantity, series: SERIES };
  const opened = await client.batches.open(body, { key: `open-${batchId}`, signal });
  facts.add(opened, `batch-${batchId}`, 'BatchOpened', 'BatchCompleted');
  for (;;) {
    const { body: batch } = await client.batches.get(batchId, { signal });
    show(batch.minted);
    if (batch.status === 'minted') return;
    await sleep(POLL_MILLISECONDS, undefined, { signal });
  }
}

async function allocate(setup: Setup, plan: Plan): Promise<string | undefined> {
  const total = plan.channels.reduce((sum, { stock }) => sum + stock, 0);
  const progress = startProgress(setup.output, 'allocating', total);
  let done = 0;
  let position: string | undefined;
  try {
    for (const { channel, stock } of plan.channels) {
      position = (await allocateTo(setup, channel, stock, 'stock')) ?? position;
      done += stock;
      progress.update(done);
    }
    return position;
  } finally {
    progress.stop();
  }
}

/** Gives stock to a channel and waits until it is there. */
export async function allocateTo(
  { client, facts, signal }: Omit<Setup, 'output'>,
  channel: string,
  quantity: number,
  purpose: string,
): Promise<string | undefined> {
  const allocationId = `${purpose}-${channel}`;
  const body = { allocationId, channel, denomination: DENOMINATION, quantity };
  const answer = await client.allocations.request(body, {
    key: `allocate-${allocationId}`,
    waitSeconds: 10,
    signal,
  });
  facts.add(answer, `allocation-${allocationId}`, 'AllocationRequested', 'AllocationCompleted');
  let { status } = answer.body;
  while (status !== 'allocated') {
    await sleep(POLL_MILLISECONDS, undefined, { signal });
    status = (await client.allocations.get(allocationId, { signal })).body.status;
  }
  return answer.position;
}
