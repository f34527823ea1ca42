import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const patient = new WeakSet<Duplex>();

/**
 * Lets a request arrive for as long as it moves, and not only for the time that others have: for a body that is answered
 * while it comes. It ends when nothing moved for `idleMilliseconds`, in either direction.
 */
export function takeTime(request: IncomingMessage, idleMilliseconds: number): void {
  const { socket } = request;
  patient.add(socket);
  request.setTimeout(idleMilliseconds, () => socket.destroy());
  request.once('close', () => patient.delete(socket));
}

/** True while a request that may take its time is arriving on this connection. */
export const takesItsTime = (socket: Duplex): boolean => patient.has(socket);
