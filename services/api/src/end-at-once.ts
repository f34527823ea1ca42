import type { ServerResponse } from 'node:http';

/** Where Node keeps the head from `writeHead` on, until it sends it in front of what comes first. */
interface Headed {
  _header: string;
}

const LINE_END = '\r\n';

/**
 * Ends a response whose head is written, with more headers as they go over the wire. A text goes to the kernel with its head
 * in one piece: `end(body)` gathers two, the second of them empty, which costs as much as all that the ledger does for a
 * look-up. And headers that are printed once need not be checked and put together each time.
 */
export function endAtOnce(
  response: ServerResponse,
  {
    headers,
    body,
    bytes,
  }: { readonly headers: string; readonly body: string | Buffer; readonly bytes: number },
): void {
  const headed = response as ServerResponse & Headed;
  const head = `${headed._header.slice(0, -LINE_END.length)}${headers}${LINE_END}`;
  if (typeof body !== 'string') {
    headed._header = head;
    response.end(body);
    return;
  }
  // A head goes out a byte for each character: so does text in ASCII, and any other as its bytes.
  headed._header = head + (body.length === bytes ? body : Buffer.from(body).toString('latin1'));
  response.end();
}
