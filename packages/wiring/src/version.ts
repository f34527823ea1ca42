import { readFileSync } from 'node:fs';

/** The version of this program, as the journal of its runs has it. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  }
).version;
