import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { plainEnvironment, ROOT, startLedgerProcess } from '../support/server-process.js';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The `sh` blocks below a heading, as they stand. */
function blocksBelow(heading: string): string {
  const section = README.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? '').join('\n');
}

/** Runs commands of the README as printed; only the address is that of the test's own server. */
async function run(
  commands: string,
  { url, directory }: { readonly url: string; readonly directory: string },
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'stamp-ledger-readme-'));
  for (const name of ['README.md', 'node_modules', 'package.json'])
    symlinkSync(join(ROOT, name), join(folder, name));
  symlinkSync(directory, join(folder, 'data'));
  try {
    const script = commands
      .replaceAll('http://127.0.0.1:8080', url)
      .replaceAll('npx stamp-ledger', `stamp_ledger --url ${url}`);
    // npx only looks the program up: once is enough to see that it finds it.
    const program =
      'stamp_ledger() { node "$PWD/node_modules/.bin/stamp-ledger" "$@"; }; npx stamp-ledger --help >/dev/null';
    const { stdout } = await promisify(execFile)(
      'bash',
      ['-euo', 'pipefail', '-c', `${program}\n${script}`],
      {
        cwd: folder,
        env: plainEnvironment(),
        timeout: 90_000,
      },
    );
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

t.test('the walk-throughs of the README work as printed', async (t) => {
  const server = await startLedgerProcess();
  const curl = await run(blocksBelow('With curl'), server);
  t.match(curl, /"status":"minted"/);
  t.match(curl, /"status":"allocated"/);
  t.match(curl, /"status":"fulfilled"/);
  t.match(curl, /"verdict":"genuine"/);
  t.match(curl, /"state":"affixed"/);
  t.match(curl, /"leafHash"/);
  t.match(curl, /^id: \d+\ndata: .*"type":"StampSold"/m, 'the live feed');
  const conservation = JSON.parse(curl.trim().split('\n').at(-1) ?? '') as {
    groups: { difference: number }[];
  };
  t.ok(conservation.groups.length > 0);
  t.ok(conservation.groups.every(({ difference }) => difference === 0));

  const cli = await run(blocksBelow('With the command line'), server);
  t.match(cli, /genuine/);
  t.match(cli, /StampAffixed/);

  const audits = await run(blocksBelow('Audited from outside'), server);
  t.equal(audits.match(/^clean$/gm)?.length, 3, 'each audit is clean');
  const rush = await run(blocksBelow('When everybody comes at once'), server);
  t.match(rush, /^kios-2 .* (low|enough)$/m);
  t.match(rush, /^status +admitted$/m);
  t.match(rush, /^status +fulfilled$/m);
  t.equal(await server.stop(), 0, 'SIGTERM drains and ends with 0');
});

t.test('every npm script that the documents name is there', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const file of ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'])
    for (const [, name = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(/npm run ([a-z:]+)/g))
      t.ok(scripts[name], `${file}: npm run ${name}`);
});

t.test('every path that the documents name is there', async (t) => {
  const { existsSync } = await import('node:fs');
  for (const file of ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'])
    for (const [, path = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(
      /`((?:packages|services|schemas|test|\.ci)\/[\w./-]*)`/g,
    ))
      t.ok(existsSync(join(ROOT, path)), `${file}: ${path}`);
});
