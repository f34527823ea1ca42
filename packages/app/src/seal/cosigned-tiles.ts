import { PortError, type TileStore } from '@stamp-ledger/ports';
import {
  formatSignatureLine,
  openNote,
  parseCheckpoint,
  parseNote,
  TransparencyError,
  type VerifierKey,
} from '@stamp-ledger/transparency';
import { Waiting } from '../waiting.js';

/** A checkpoint that witnesses are asked to cosign. */
export interface Cosigned {
  /** As the sealer signed it. */
  readonly checkpoint: Buffer;
  readonly size: number;
  isCosignedBy(key: VerifierKey): boolean;
  /** Resolves true when enough witnesses have cosigned it, false when `signal` aborts first. */
  enough(signal: AbortSignal): Promise<boolean>;
}

/** The published files of a log whose checkpoints get cosignatures. */
export interface CosignedTiles extends TileStore {
  /** The last checkpoint that the sealer made here; undefined before the first. */
  latest(): Cosigned | undefined;
  /** Resolves when `latest` is another than `seen`, or `signal` aborts. */
  changed(seen: Cosigned | undefined, signal: AbortSignal): Promise<void>;
  /**
   * Adds what a witness signed of a checkpoint, and publishes it where it belongs. Returns false when there is no good
   * cosignature by this key among the lines.
   */
  attach(cosigned: {
    readonly checkpoint: Cosigned;
    readonly lines: string;
    readonly key: VerifierKey;
  }): Promise<boolean>;
}

export interface CosigningRequest {
  readonly tiles: TileStore;
  readonly witnesses: readonly VerifierKey[];
  /** So many of the witnesses are enough. */
  readonly quorum: number;
  /** Whether only a checkpoint that enough of them have cosigned is published. */
  readonly strict: boolean;
  /** After it nobody waits for witnesses any more. */
  readonly signal: AbortSignal;
}

/**
 * Adds cosignatures to what a sealer publishes, and keeps the newest checkpoint that enough witnesses have cosigned beside
 * the newest of all: while events come in, the next one is there before the newest is cosigned. Neither gives way to an
 * older one, nor loses its cosignatures by a restart. The sealer waits for witnesses when `strict`, and else for none.
 */
export async function cosignedTiles({
  tiles,
  witnesses,
  quorum,
  strict,
  signal,
}: CosigningRequest): Promise<CosignedTiles> {
  let latest: Cosigning | undefined;
  let kept = keptIn(await tiles.readCosigned(), witnesses);
  // Written before the one kept: it may have more.
  const found = keptIn(await tiles.readCheckpoint(), witnesses);
  let writing: Promise<unknown> = Promise.resolve();
  const waiting = new Waiting();
  const write = (cosigning: Cosigning): Promise<void> => {
    // What is added while this is written is written after it.
    cosigning.mayBePublished = true;
    const done = writing.then(async () => {
      const bytes = cosigning.bytes();
      // In this order: what is cosigned never seems newer than what is published.
      if (cosigning === latest) await tiles.replaceCheckpoint(bytes);
      if (cosigning.isEnough && cosigning.size >= (kept?.size ?? 0)) {
        await tiles.replaceCosigned(bytes);
        kept = cosigning;
      }
    });
    writing = done.catch(() => undefined);
    return done;
  };
  return {
    ...tiles,
    replaceCheckpoint: async (bytes) => {
      const next = latest?.checkpoint.equals(bytes)
        ? latest
        : new Cosigning(bytes, quorum, [latest, found, kept]);
      latest = next;
      waiting.changed();
      if (strict && !(await next.enough(signal)))
        throw new PortError('unavailable', 'too few witnesses have cosigned what was sealed last');
      await write(next);
    },
    latest: () => latest,
    changed: (seen, ending) => waiting.until(() => latest !== seen, ending),
    attach: async ({ checkpoint, lines, key }) => {
      if (!(checkpoint instanceof Cosigning)) return false;
      const line = cosignatureOf(checkpoint.text, lines, key);
      if (line === undefined) return false;
      checkpoint.add(key, line);
      // Until then it is for the sealer to publish, with all that was added meanwhile.
      if (checkpoint.mayBePublished) await write(checkpoint);
      return true;
    },
  };
}

/** What is signed of a checkpoint's text. */
interface SignedText {
  readonly text: string;
  readonly size: number;
  /** Signature lines of witnesses by name and key id. */
  readonly lines: ReadonlyMap<string, string>;
}

class Cosigning implements Cosigned, SignedText {
  readonly checkpoint: Buffer;
  readonly text: string;
  readonly size: number;
  readonly lines: Map<string, string>;
  /** The sealer has said so. */
  mayBePublished = false;
  readonly #waiting = new Waiting();

  /** `before`: what may have been signed of the same text already. */
  constructor(
    bytes: Uint8Array,
    private readonly quorum: number,
    before: readonly (SignedText | undefined)[],
  ) {
    this.checkpoint = Buffer.from(bytes);
    this.text = parseNote(bytes).text;
    this.size = parseCheckpoint(this.text).size;
    this.lines = new Map(before.find((other) => other?.text === this.text)?.lines);
  }

  get isEnough(): boolean {
    return this.lines.size >= this.quorum;
  }

  isCosignedBy(key: VerifierKey): boolean {
    return this.lines.has(identity(key));
  }

  add(key: VerifierKey, line: string): void {
    this.lines.set(identity(key), line);
    this.#waiting.changed();
  }

  async enough(signal: AbortSignal): Promise<boolean> {
    await this.#waiting.until(() => this.isEnough, signal);
    return this.isEnough;
  }

  bytes(): Buffer {
    return Buffer.concat([this.checkpoint, Buffer.from([...this.lines.values()].join(''))]);
  }
}

const identity = ({ name, keyId }: VerifierKey): string => `${name}+${keyId}`;

/** What witnesses that are still asked signed before a restart. */
function keptIn(note: Buffer | undefined, witnesses: readonly VerifierKey[]): SignedText | undefined {
  const opened = note && openIfSigned(note, witnesses);
  if (opened === undefined) return undefined;
  const lines = new Map(
    opened.verified.map(({ key, signature }) => [identity(key), formatSignatureLine(signature)]),
  );
  return { text: opened.text, size: parseCheckpoint(opened.text).size, lines };
}

/**
 * The one good line by the key; whatever else a witness sends is not published. What it sends may hold a blank line, which
 * would make the text before it part of what was signed: a cosignature of any other text is none of this checkpoint.
 */
function cosignatureOf(text: string, offered: string, key: VerifierKey): string | undefined {
  const opened = openIfSigned(Buffer.from(`${text}\n${offered}`), [key]);
  if (opened?.text !== text) return undefined;
  const [signed] = opened.verified;
  return signed && formatSignatureLine(signed.signature);
}

function openIfSigned(note: Buffer, keys: readonly VerifierKey[]): ReturnType<typeof openNote> | undefined {
  try {
    return openNote(note, keys);
  } catch (error) {
    if (error instanceof TransparencyError) return undefined;
    throw error;
  }
}
