import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  ALGORITHM,
  cosign,
  formatSignatureLine,
  formatVkey,
  makeSigner,
  openCheckpoint,
  type VerifierKey,
  verifyConsistency,
} from '@stamp-ledger/transparency';

/** A witness as C2SP tlog-witness describes it, for one log, in memory. */
export interface WitnessDouble {
  readonly vkey: string;
  readonly key: VerifierKey;
  readonly url: string;
  /** Size of the last checkpoint that it cosigned. */
  readonly size: number;
  /** Requests so far, by the status of the answer. */
  readonly answers: readonly number[];
  /** True when somebody asked and got no answer, as `never` says. */
  readonly isHanging: boolean;
  readonly behaves: 'never' | 'nonsense' | 'failing' | undefined;
  /** Answers in another way from now on; undefined: as it should. */
  behave(otherwise: 'never' | 'nonsense' | 'failing' | undefined): void;
  /** Answers requests, the one that waits and those to come, only after `go`. */
  hold(): { readonly go: () => void };
  close(): Promise<void>;
}

export async function startWitness(
  log: { readonly origin: string; readonly logKeys: readonly VerifierKey[] },
  number = 1,
): Promise<WitnessDouble> {
  const name = `witness.example/${number}`;
  const signer = makeSigner({
    name,
    seed: Buffer.alloc(32, 6 + number),
    algorithm: ALGORITHM.cosignature,
  });
  let known: { readonly size: number; readonly root: Uint8Array } = { size: 0, root: Buffer.alloc(0) };
  let behaviour: Parameters<WitnessDouble['behave']>[0];
  let shown: Buffer | undefined;
  const shownAt = `/w/${createHash('sha256').update(log.origin).digest('hex')}/checkpoint`;
  const answers: number[] = [];
  let isHanging = false;
  let held: Promise<void> = Promise.resolve();

  function answerTo(body: Buffer): { status: number; text: string; type?: string } {
    const split = body.indexOf('\n\n');
    const [oldLine = '', ...proofLines] = body.toString('latin1', 0, split).split('\n');
    const old = Number(/^old (\d+)$/.exec(oldLine)?.[1]);
    const { size, root, note } = openCheckpoint(body.subarray(split + 2), log);
    if (old > size) return { status: 400, text: '' };
    if (old !== known.size) return { status: 409, text: `${known.size}\n`, type: 'text/x.tlog.size' };
    const proof = proofLines.map((line) => Buffer.from(line, 'base64'));
    const isExtended =
      old === 0
        ? proof.length === 0
        : verifyConsistency({ older: old, olderRoot: known.root, newer: size, newerRoot: root, proof });
    if (!isExtended) return { status: 422, text: '' };
    known = { size, root };
    const time = 1_725_600_000 + answers.length;
    const signature = cosign({ signer, checkpoint: note.text, time });
    const { keyId } = signer.verifier;
    const line = formatSignatureLine({ name, keyId, signature });
    shown = Buffer.concat([body.subarray(split + 2), Buffer.from(line)]);
    return { status: 200, text: line };
  }

  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    isHanging = true;
    await held;
    isHanging = false;
    if (behaviour === 'never') {
      isHanging = true;
      return;
    }
    if (behaviour === 'nonsense') return response.end(`\u2014 ${name} AAAAAAAA\n`);
    if (behaviour === 'failing') return response.writeHead(500).end();
    if (request.url === shownAt) return response.writeHead(shown === undefined ? 404 : 200).end(shown);
    const {
      status,
      text,
      type = 'text/plain',
    } = request.url === '/w/add-checkpoint' ? answerTo(body) : { status: 404, text: '' };
    answers.push(status);
    return response.writeHead(status, { 'content-type': type }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    vkey: formatVkey(signer.verifier),
    key: signer.verifier,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/w`,
    get size() {
      return known.size;
    },
    answers,
    get behaves() {
      return behaviour;
    },
    get isHanging() {
      return isHanging;
    },
    behave: (otherwise) => {
      behaviour = otherwise;
      // Who waits for an answer gets none.
      server.closeAllConnections();
    },
    hold: () => {
      let go = (): void => undefined;
      held = new Promise((resolve) => {
        go = resolve;
      });
      return { go };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
