import { PortError, type TileStore } from '@stamp-ledger/ports';
import { formatSignatureLine, openNote, parseNote, type VerifierKey } from '@stamp-ledger/transparency';

/** The published files of a log whose checkpoint gets cosignatures after it was published. */
export interface CosignedTiles extends TileStore {
  /** The last checkpoint that the sealer published here, without cosignatures; undefined before the first. */
  latest(): Buffer | undefined;
  /** Resolves when `latest` is another than `seen`, or `signal` aborts. */
  changed(seen: Buffer | undefined, signal: AbortSignal): Promise<void>;
  /**
   * Publishes a checkpoint again with what a witness signed of it, unless a newer one was published meanwhile. Returns
   * false, and publishes nothing, when there is no good cosignature by this key among the lines.
   */
  attach(cosigned: {
    readonly checkpoint: Buffer;
    readonly lines: string;
    readonly key: VerifierKey;
  }): Promise<boolean>;
}

/**
 * Adds cosignatures to what a sealer publishes. Both go one after the other, so that a cosigned checkpoint never takes
 * the place of a newer one; the sealer waits for no witness.
 */
export function cosignedTiles(tiles: TileStore): CosignedTiles {
  let latest: Buffer | undefined;
  /** Signature lines of the latest by name and key id. */
  let lines = new Map<string, string>();
  let writing: Promise<unknown> = Promise.resolve();
  const waiting = new Set<() => void>();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = writing.then(work);
    writing = done.catch(() => undefined);
    return done;
  };
  return {
    ...tiles,
    replaceCheckpoint: (bytes) =>
      inTurn(async () => {
        await tiles.replaceCheckpoint(bytes);
        latest = Buffer.from(bytes);
        lines = new Map();
        for (const look of [...waiting]) look();
      }),
    latest: () => latest,
    changed: (seen, signal) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (latest === seen && !signal.aborted) return;
          waiting.delete(look);
          signal.removeEventListener('abort', look);
          resolve();
        };
        waiting.add(look);
        signal.addEventListener('abort', look);
        look();
      }),
    attach: async ({ checkpoint, lines: offered, key }) => {
      const line = cosignatureOf(checkpoint, offered, key);
      if (line === undefined) return false;
      await inTurn(async () => {
        if (latest !== checkpoint) return;
        lines.set(`${key.name}+${key.keyId}`, line);
        await tiles.replaceCheckpoint(Buffer.concat([checkpoint, Buffer.from([...lines.values()].join(''))]));
      });
      return true;
    },
  };
}

/**
 * The one good line by the key; whatever else a witness sends is not published. What it sends may hold a blank line, which
 * would make the text before it part of what was signed: a cosignature of any other text is none of this checkpoint.
 */
function cosignatureOf(checkpoint: Buffer, offered: string, key: VerifierKey): string | undefined {
  try {
    const { text } = parseNote(checkpoint);
    const opened = openNote(Buffer.from(`${text}\n${offered}`), [key]);
    if (opened.text !== text) return undefined;
    const [signed] = opened.verified;
    return signed && formatSignatureLine(signed.signature);
  } catch (error) {
    if (error instanceof PortError) throw error;
    return undefined;
  }
}
