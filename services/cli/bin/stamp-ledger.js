#!/usr/bin/env node
// Stands in for the compiled program, so that npm can link the command before anything is built.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const compiled = new URL('../dist/main.js', import.meta.url);
if (existsSync(fileURLToPath(compiled))) {
  await import(compiled.href);
} else {
  process.stderr.write('stamp-ledger is not built yet: run `npm run build` first\n');
  process.exitCode = 1;
}
