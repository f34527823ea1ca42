import { createHash } from 'node:crypto';
import { LIMITS, PortError, type Witness, type WitnessAnswer } from '@stamp-ledger/ports';
import type { WitnessPlace } from '../witness-settings.js';

/** Signature lines of some keys, or a number: nothing that a witness says is longer. */
const ANSWER_BYTES_MAX = 16_384;
const SIZE_TYPE = 'text/x.tlog.size';

/** A witness over HTTP (C2SP tlog-witness), which answers under one address what it is sent and what it is asked. */
export const httpWitness = ({ vkey, url }: WitnessPlace): Witness => ({
  vkey,
  addCheckpoint: ({ old, proof, checkpoint, signal }) => {
    const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
    const body = Buffer.concat([Buffer.from(`old ${old}\n${hashes}\n`), checkpoint]);
    return asked(`${url}/add-checkpoint`, { method: 'POST', body, signal }, meaningOf);
  },
  lastCheckpoint: ({ origin, signal }) => {
    const log = createHash('sha256').update(origin).digest('hex');
    return asked(`${url}/${log}/checkpoint`, { signal }, shownIn);
  },
});

/** Redirects are not followed. */
async function asked<Result>(
  url: string,
  { signal, ...request }: { readonly signal: AbortSignal; readonly method?: string; readonly body?: Buffer },
  meaning: (answer: Response) => Promise<Result>,
): Promise<Result> {
  try {
    const answer = await fetch(url, {
      ...request,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMITS.witnessMilliseconds)]),
    });
    return await meaning(answer);
  } catch (error) {
    if (error instanceof PortError) throw error;
    throw new PortError('unavailable', 'the witness gave no answer', { cause: error });
  }
}

async function shownIn(answer: Response): Promise<Uint8Array | undefined> {
  const text = await textOf(answer);
  if (answer.status === 200) return Buffer.from(text);
  if (answer.status === 404) return undefined;
  throw new PortError('unavailable', `the witness answered ${answer.status}`);
}

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
