import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { UsageError } from './exit-codes.js';

/** One stamp to act on, with the document where the command takes one. */
export interface Item {
  readonly serial: string;
  readonly document?: string;
}

export interface ItemSource {
  /** True when the items come from a list, which may hold any number of them. */
  readonly several: boolean;
  readonly items: AsyncIterable<Item>;
}

/**
 * Items from arguments, from stdin (`-`) or from a list file. A list has one item a line; blank lines and lines that
 * begin with `#` are skipped.
 */
export function itemsFrom(
  source: { readonly serials: readonly string[]; readonly list?: string },
  stdin: NodeJS.ReadableStream,
  toItem: (line: string) => Item,
): ItemSource {
  if (source.list !== undefined) {
    if (source.serials.length > 0) throw new UsageError('give serials or --file, not both');
    return { several: true, items: linesOf(source.list, stdin, toItem) };
  }
  const [first] = source.serials;
  if (first === undefined) throw new UsageError('give a serial, `-` to read serials from stdin, or --file');
  if (source.serials.length === 1 && first === '-')
    return { several: true, items: linesOf('-', stdin, toItem) };
  if (source.serials.includes('-')) throw new UsageError('`-` stands alone');
  return { several: source.serials.length > 1, items: each(source.serials.map((serial) => ({ serial }))) };
}

export async function* each(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

const open = (path: string, stdin: NodeJS.ReadableStream): NodeJS.ReadableStream =>
  path === '-' ? stdin : createReadStream(path);

async function* linesOf(
  path: string,
  stdin: NodeJS.ReadableStream,
  toItem: (line: string) => Item,
): AsyncGenerator<Item> {
  const stream = open(path, stdin);
  const failed = new Promise<never>((_, reject) => {
    stream.once('error', (error: NodeJS.ErrnoException) =>
      reject(new UsageError(`cannot read ${path}: ${error.code ?? error.message}`)),
    );
  });
  failed.catch(() => undefined);
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })[
    Symbol.asyncIterator
  ]();
  for (;;) {
    const next = await Promise.race([lines.next(), failed]);
    if (next.done === true) return;
    const line = next.value.trim();
    if (line !== '' && !line.startsWith('#')) yield toItem(line);
  }
}

/** The whole line is a serial, which may be typed with spaces. */
export const serialLine = (line: string): Item => ({ serial: line });

/** A serial, then a tab or, where there is none, the first blank, then the document. */
export function documentLine(line: string): Item {
  const cut = line.includes('\t') ? line.indexOf('\t') : line.search(/\s/);
  if (cut === -1) return { serial: line };
  return { serial: line.slice(0, cut).trim(), document: line.slice(cut + 1).trim() };
}
