import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A wire to a server on loopback, which can be cut. */
export interface Wire {
  readonly port: number;
  /** Ends every connection and takes no other, as a server that is gone. */
  down(): void;
  /** Carries nothing more of the connections that are there, and closes none of them, as a host that lost its power. */
  silence(): void;
  /** Takes connections again. */
  up(): void;
  close(): Promise<void>;
}

export async function startWire(to: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let isUp = true;
  const server = createServer({ pauseOnConnect: true }, (near) => {
    if (!isUp) {
      near.destroy();
      return;
    }
    const far = connect(to, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    down: () => {
      isUp = false;
      cut();
    },
    silence: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    up: () => {
      isUp = true;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
