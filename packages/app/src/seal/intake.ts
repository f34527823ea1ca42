import { type EventStore, PortError } from '@stamp-ledger/ports';

/** Whether new events may be taken. */
export interface Intake {
  /** Why not, for a log; undefined while it is open. */
  closed(): string | undefined;
}

/**
 * An event store that takes no event while intake is closed: its appends reject with `unavailable`, so that commands are
 * refused and jobs wait, and everything else goes on. A new event could otherwise take the place of one that is sealed
 * and lost, and the log would fork.
 */
export function gatedStore(store: EventStore, intake: Intake): EventStore {
  return {
    append: async (appends) => {
      const closed = intake.closed();
      if (closed !== undefined) throw new PortError('unavailable', `intake is halted: ${closed}`);
      return store.append(appends);
    },
    readStream: (request) => store.readStream(request),
    readAll: (request) => store.readAll(request),
    head: () => store.head(),
    last: () => store.last(),
    follow: (request) => store.follow(request),
    streamChanged: (request) => store.streamChanged(request),
    close: () => store.close(),
  };
}
