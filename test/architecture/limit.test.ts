import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { ROOT } from '../support/server-process.js';

const SOURCES = join(ROOT, 'packages/embedded/src');

t.test('no statement of SQLite has a limit that makes it compile again whenever it is bound', async (t) => {
  const printer = ts.createPrinter({ removeComments: true });
  const broken = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => {
      const text = readFileSync(join(SOURCES, file), 'utf8');
      return /LIMIT\s+[?:@$](?!\{)/.test(
        printer.printFile(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022)),
      );
    });
  t.strictSame(broken, []);
});
