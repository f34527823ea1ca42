import { LIMITS, PortError, type Witness, type WitnessAnswer } from '@stamp-ledger/ports';
import type { WitnessPlace } from '../witness-settings.js';

/** Signature lines of some keys, or a number: nothing that a witness says is longer. */
const ANSWER_BYTES_MAX = 16_384;
const SIZE_TYPE = 'text/x.tlog.size';

/** A witness over HTTP (C2SP tlog-witness). Redirects are not followed. */
export const httpWitness = ({ vkey, url }: WitnessPlace): Witness => ({
  vkey,
  addCheckpoint: async ({ old, proof, checkpoint, signal }) => {
    const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
    const body = Buffer.concat([Buffer.from(`old ${old}\n${hashes}\n`), checkpoint]);
    try {
      const answer = await fetch(`${url}/add-checkpoint`, {
        method: 'POST',
        body,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(LIMITS.witnessMilliseconds)]),
      });
      return await meaningOf(answer);
    } catch (error) {
      if (error instanceof PortError) throw error;
      throw new PortError('unavailable', 'the witness gave no answer', { cause: error });
    }
  },
});

async function meaningOf(answer: Response): Promise<WitnessAnswer> {
  const text = await textOf(answer);
  if (answer.status === 200) return { kind: 'cosigned', lines: text };
  if (answer.status === 409 && answer.headers.get('content-type') === SIZE_TYPE) {
    const size = Number(/^(0|[1-9][0-9]{0,15})\n$/.exec(text)?.[1] ?? Number.NaN);
    if (Number.isSafeInteger(size)) return { kind: 'conflict', size };
  }
  if (answer.status >= 500 || answer.status === 429)
    throw new PortError('unavailable', `the witness answered ${answer.status}`);
  return { kind: 'refused', detail: `the witness answered ${answer.status}` };
}

async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new PortError('unavailable', 'the witness said too much');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
