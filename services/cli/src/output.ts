import type { Writable } from 'node:stream';

/** Where a command's results go: stdout for results, stderr for everything else. */
export interface Output {
  /** True when a machine reads: JSON on stdout and nothing else. */
  readonly json: boolean;
  /** One result: as one line of JSON, or as lines for people. */
  result(value: unknown, lines: () => readonly string[]): Promise<void>;
  /** A remark for people, on stderr; machines do not get it. */
  remark(text: string): void;
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

export interface Streams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

export function createOutput(streams: Streams, json: boolean): Output {
  return {
    json,
    stderr: streams.stderr,
    result: (value, lines) =>
      write(streams.stdout, json ? `${JSON.stringify(value)}\n` : `${lines().join('\n')}\n`),
    remark: (text) => {
      if (!json) streams.stderr.write(`${text}\n`);
    },
  };
}

/** Writes and waits while the reader is behind, so that a slow reader bounds memory. */
function write(stream: Writable, text: string): Promise<void> {
  if (stream.write(text)) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = () => {
      stream.off('drain', settle).off('close', settle);
      resolve();
    };
    stream.once('drain', settle).once('close', settle);
  });
}
