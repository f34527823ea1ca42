import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A wire to a server on loopback, which can be cut. */
export interface Wire {
  readonly port: number;
  /** Ends every connection and takes no other, as a server that is gone. */
  down(): void;
  /** Carries nothing more and closes nothing, as a host that lost its power. */
  silence(): void;
  /** Carries what comes over new connections again. */
  up(): void;
  close(): Promise<void>;
}

export async function startWire(to: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let state: 'up' | 'down' | 'silent' = 'up';
  const server = createServer({ pauseOnConnect: true }, (near) => {
    if (state === 'down') near.destroy();
    else if (state === 'silent') keep(near);
    else join(near);
  });
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.setNoDelay(true).on('close', () => sockets.delete(socket));
  };
  const join = (near: Socket): void => {
    const far = connect(to, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      keep(one).on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    down: () => {
      state = 'down';
      cut();
    },
    silence: () => {
      state = 'silent';
      for (const socket of sockets) socket.unpipe().pause();
    },
    up: () => {
      state = 'up';
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
