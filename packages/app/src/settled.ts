import type { StreamName } from '@stamp-ledger/codec';
import type { Aggregate } from './aggregate.js';
import type { Context } from './context.js';

/** Resolves when the stream's state is settled or `signal` aborts, whichever comes first. */
export async function settled<State>(
  { store }: Context,
  {
    aggregate,
    stream,
    isSettled,
    signal,
  }: {
    readonly aggregate: Pick<Aggregate<State, never>, 'load'>;
    readonly stream: StreamName;
    readonly isSettled: (state: State) => boolean;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  while (!signal.aborted) {
    const { state, head } = await aggregate.load(stream);
    if (isSettled(state)) return;
    await store.streamChanged({ stream, after: head, signal });
  }
}
