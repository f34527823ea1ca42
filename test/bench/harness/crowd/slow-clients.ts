import { connect, type Socket } from 'node:net';

const SLOW_MILLISECONDS = 500;
const BODY_BYTES = 500;
const QUESTIONS = 20;

/** A connection that says `begun` and is opened anew whenever it is cut off. */
function keep(url: string, begun: string, use: (socket: Socket) => NodeJS.Timeout | undefined): void {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(begun);
  const timer = use(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(timer);
    setTimeout(() => keep(url, begun, use), SLOW_MILLISECONDS);
  });
}

/** Says something more every half second, for as long as it is let. */
const dribble = (socket: Socket): NodeJS.Timeout => setInterval(() => socket.write('x'), SLOW_MILLISECONDS);

function readNothing(socket: Socket): undefined {
  socket.pause();
}

/** A head that never ends, a body that never ends, and many answers that are never read: so many connections of each. */
export function slowClients({
  url,
  token,
  each,
}: {
  readonly url: string;
  readonly token: string;
  readonly each: number;
}): void {
  const head = 'POST /v1/orders HTTP/1.1\r\nhost: slow\r\n';
  const body = `authorization: Bearer ${token}\r\nidempotency-key: slow\r\ncontent-type: application/json\r\ncontent-length: ${BODY_BYTES}\r\n\r\n{`;
  const questions = 'GET /openapi.json HTTP/1.1\r\nhost: slow\r\n\r\n'.repeat(QUESTIONS);
  for (let count = 0; count < each; count++) {
    keep(url, `${head}x-padding: `, dribble);
    keep(url, head + body, dribble);
    keep(url, questions, readNothing);
  }
}
