import pg from 'pg';

/** What the library's connection can do beside what its types tell. */
interface CopyingConnection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/**
 * Sends rows behind their COPY statement without waiting for the server to ask for them; one that refuses the statement
 * passes over them. So a copy is pipelined as any statement is.
 */
class CopyIn extends pg.Query {
  override submit: (connection: pg.Connection) => void;

  constructor(sql: string, rows: Buffer, callback: (error: Error | undefined) => void) {
    super(sql, callback);
    this.submit = (connection) => {
      const copying = connection as pg.Connection & CopyingConnection;
      copying.query(sql);
      copying.sendCopyFromChunk(rows);
      copying.endCopyFrom();
    };
  }

  /** The server asks for what it is being sent. */
  handleCopyInResponse(): void {}
}

/** Adds rows, written as COPY's text format has them. */
export const copyIn = (connection: Pick<pg.ClientBase, 'query'>, sql: string, rows: string): Promise<void> =>
  new Promise((resolve, reject) => {
    connection.query(new CopyIn(sql, Buffer.from(rows), (error) => (error ? reject(error) : resolve())));
  });

const NEEDS_ESCAPE = /[\\\t\n\r]/;
const ESCAPED = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** One row in COPY's text format. */
export function copyLine(values: readonly (string | number | null)[]): string {
  let line = '';
  for (let index = 0; index < values.length; index++) {
    if (index > 0) line += '\t';
    line += fieldOf(values[index] ?? null);
  }
  return `${line}\n`;
}

function fieldOf(value: string | number | null): string | number {
  if (value === null) return '\\N';
  if (typeof value === 'number' || !NEEDS_ESCAPE.test(value)) return value;
  return value.replace(ESCAPED, (character) => ESCAPES[character] ?? character);
}
