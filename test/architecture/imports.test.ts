import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NODE = 'node:*';

/** Who may import whom (ARCHITECTURE.md, "Who may import whom"). `node:*` stands for all of Node. */
const RULES: Record<string, readonly string[]> = {
  'packages/domain': [],
  'packages/transparency': ['node:crypto'],
  'packages/codec': ['domain', 'ajv', 'node:crypto', 'node:fs', 'node:module'],
  'packages/ports': ['domain', 'codec'],
  'packages/app': ['domain', 'codec', 'transparency', 'ports'],
  'packages/embedded': ['ports', 'codec', 'better-sqlite3', NODE],
  'packages/eventstoredb': ['ports', 'codec', '@eventstore/db-client', NODE],
  'packages/kafka': ['ports', 'codec', 'kafkajs', NODE],
  'packages/postgres': ['ports', 'codec', 'pg', NODE],
  'packages/contracts': ['domain', 'codec', 'ports', 'app', 'fast-check', NODE],
  'packages/client': ['domain', NODE],
  'packages/wiring': [
    'domain',
    'codec',
    'transparency',
    'ports',
    'app',
    'embedded',
    'eventstoredb',
    'kafka',
    'postgres',
    'pino',
    NODE,
  ],
  'services/api': [
    'app',
    'wiring',
    'codec',
    'domain',
    'ports',
    'koa',
    '@koa/router',
    'jose',
    'pino',
    'prom-client',
    'secure-json-parse',
    'swagger-ui-dist',
    'yaml',
    NODE,
  ],
  'services/ledger': ['app', 'wiring', 'api', NODE],
  'services/relay': ['wiring', NODE],
  'services/sealer': ['wiring', NODE],
  'services/projections': ['wiring', NODE],
  'services/fulfilment': ['wiring', NODE],
  'services/cli': [
    'app',
    'codec',
    'client',
    'wiring',
    'commander',
    'cli-progress',
    'csv-parse',
    'hdr-histogram-js',
    NODE,
  ],
};

/** Imports that carry types alone: erased, and allowed where the table above does not list a value import. */
const TYPES_ONLY: Record<string, readonly string[]> = {
  'packages/embedded': ['domain'],
  'packages/eventstoredb': ['domain'],
  'packages/kafka': ['domain'],
  'packages/postgres': ['domain'],
  'services/api': ['domain', 'ports'],
  'services/cli': ['domain', 'ports'],
};

/** No clock, no randomness, no environment: they come in as ports. */
const PURE = ['packages/domain', 'packages/transparency', 'packages/app'];
const IMPURE: readonly [string, RegExp][] = [
  ['Date.now', /\bDate\.now\b/],
  ['new Date() without an argument', /\bnew Date\(\s*\)/],
  ['Math.random', /\bMath\.random\b/],
  ['performance', /\bperformance\./],
  ['a timer', /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/],
  ['process', /\bprocess\./],
  ['random bytes or ids', /\brandom(Bytes|UUID|Int)\b/],
  ['fetch', /(?<![#.\w])fetch\(/],
];

interface Import {
  readonly module: string;
  readonly typesOnly: boolean;
  /** Loaded when it is called for, not with the file. */
  readonly isLater?: true;
}

function sources(folder: string): string[] {
  return readdirSync(`${ROOT}${folder}/src`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/src/${file}`);
}

const parse = (file: string) =>
  ts.createSourceFile(file, readFileSync(`${ROOT}${file}`, 'utf8'), ts.ScriptTarget.ES2022, true);

const known = new Map<string, Import[]>();

function importsOf(file: string): Import[] {
  const before = known.get(file);
  if (before !== undefined) return before;
  const found: Import[] = [];
  known.set(file, found);
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
      found.push({
        module: node.moduleSpecifier.text,
        typesOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword,
      });
    else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier !== undefined &&
      ts.isStringLiteral(node.moduleSpecifier)
    )
      found.push({ module: node.moduleSpecifier.text, typesOnly: node.isTypeOnly });
    else if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      node.arguments[0] !== undefined
    )
      found.push({
        module: node.arguments[0].getText().replaceAll(/['"]/g, ''),
        typesOnly: false,
        isLater: true,
      });
    else if (
      ts.isImportTypeNode(node) &&
      ts.isLiteralTypeNode(node.argument) &&
      ts.isStringLiteral(node.argument.literal)
    )
      found.push({ module: node.argument.literal.text, typesOnly: true });
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

/** A file, and those of its own package that come with it. */
function loadedWith(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  for (const { module, typesOnly } of importsOf(file))
    if (module.startsWith('.') && !typesOnly)
      loadedWith(posix.join(posix.dirname(file), module).replace(/\.js$/, '.ts'), loaded);
  return loaded;
}

const packageOf = (module: string): string => {
  const parts = module.split('/');
  if (module.startsWith('@stamp-ledger/')) return parts[1] ?? '';
  return module.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
};

function allowed(folder: string, { module, typesOnly }: Import): boolean {
  if (module.startsWith('.')) return true;
  const rule = RULES[folder] ?? [];
  const builtin = module.startsWith('node:');
  const name = builtin ? module : packageOf(module);
  if (rule.includes(name) || (builtin && rule.includes(NODE))) return true;
  return typesOnly && (TYPES_ONLY[folder] ?? []).includes(name);
}

const folders = ['packages', 'services'].flatMap((group) =>
  readdirSync(`${ROOT}${group}`).map((name) => `${group}/${name}`),
);

t.test('every package and service has a rule', async (t) => {
  t.strictSame(folders.sort(), Object.keys(RULES).sort());
});

t.test('imports keep to the rule', async (t) => {
  const broken = folders.flatMap((folder) =>
    sources(folder).flatMap((file) =>
      importsOf(file)
        .filter((each) => !allowed(folder, each))
        .map(({ module }) => `${file} imports ${module}`),
    ),
  );
  t.strictSame(broken, []);
});

t.test('the command line starts without the engines, which most commands do not need', async (t) => {
  const loading = sources('services/cli').filter((file) =>
    importsOf(file).some(({ module, typesOnly }) => packageOf(module) === 'wiring' && !typesOnly),
  );
  t.strictSame(loading, ['services/cli/src/wiring.ts']);
});

t.test('an embedded ledger starts without the clients of the engines', async (t) => {
  const clients = ['eventstoredb', 'kafka', 'postgres'];
  const isDistributed = (file: string): boolean => file.startsWith('packages/wiring/src/distributed/');
  const loading = ['packages/wiring', 'services/api', 'services/ledger']
    .flatMap(sources)
    .filter((file) => !isDistributed(file))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ typesOnly, isLater }) => !typesOnly && isLater !== true)
        .filter(
          ({ module }) =>
            module.includes('distributed/') ||
            module.endsWith('wiring/distributed') ||
            clients.includes(packageOf(module)),
        )
        .map(({ module }) => `${file} imports ${module}`),
    );
  t.strictSame(loading, []);
});

t.test('what everybody may ask for is not put together on the thread that answers', async (t) => {
  const reading = [...loadedWith('services/api/src/index.ts')].filter((file) =>
    importsOf(file).some(({ module }) => module === 'yaml'),
  );
  t.strictSame(reading, [], 'reading the OpenAPI document takes half a second');
});

/** What threads have no use for all of. */
const WHOLE = ['@stamp-ledger/app', '@stamp-ledger/wiring'];

t.test('threads behind the ledger load their own part of it', async (t) => {
  const threads = [...sources('packages/wiring'), ...sources('services/api')].filter((file) =>
    file.endsWith('-worker.ts'),
  );
  const loading = threads.flatMap((thread) =>
    [...loadedWith(thread)].flatMap((file) =>
      importsOf(file)
        .filter(({ module, typesOnly }) => WHOLE.includes(module) && !typesOnly)
        .map(({ module }) => `${thread} loads all of ${module}, by ${file}`),
    ),
  );
  t.strictSame(loading, []);
});

t.test('a bare Node module is never imported', async (t) => {
  const builtins = new Set([
    'crypto',
    'fs',
    'path',
    'http',
    'net',
    'os',
    'util',
    'stream',
    'events',
    'worker_threads',
    'child_process',
    'url',
  ]);
  const broken = folders.flatMap((folder) =>
    sources(folder).flatMap((file) =>
      importsOf(file)
        .filter(({ module }) => builtins.has(module))
        .map(({ module }) => `${file} imports ${module} without node:`),
    ),
  );
  t.strictSame(broken, []);
});

t.test('a relative import stays inside its package', async (t) => {
  const broken = folders.flatMap((folder) =>
    sources(folder).flatMap((file) =>
      importsOf(file)
        .filter(
          ({ module }) =>
            module.startsWith('.') &&
            !new URL(module, `file:///${file}`).pathname.startsWith(`/${folder}/src/`),
        )
        .map(({ module }) => `${file} imports ${module}`),
    ),
  );
  t.strictSame(broken, []);
});

t.test('there is no cycle between files', async (t) => {
  const graph = new Map<string, string[]>();
  for (const folder of folders)
    for (const file of sources(folder))
      graph.set(
        file,
        importsOf(file)
          .filter(({ module, typesOnly }) => module.startsWith('.') && !typesOnly)
          .map(({ module }) => new URL(module.replace(/\.js$/, '.ts'), `file:///${file}`).pathname.slice(1)),
      );
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  t.strictSame(cycles, []);
});

t.test('there is no clock, randomness or environment in the pure packages', async (t) => {
  const printer = ts.createPrinter({ removeComments: true });
  const broken = PURE.flatMap((folder) =>
    sources(folder).flatMap((file) => {
      const code = printer.printFile(parse(file));
      return IMPURE.filter(([, pattern]) => pattern.test(code)).map(([what]) => `${file} uses ${what}`);
    }),
  );
  t.strictSame(broken, []);
});

t.test('only the wiring and the services read the environment', async (t) => {
  const broken = folders
    .filter((folder) => folder.startsWith('packages/'))
    .flatMap(sources)
    .filter((file) => /\bprocess\.env\b/.test(readFileSync(`${ROOT}${file}`, 'utf8')));
  t.strictSame(broken, []);
});

t.test('each package declares the workspace packages and libraries that it imports', async (t) => {
  const broken = folders.flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(`${ROOT}${folder}/package.json`, 'utf8')) as {
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    };
    const declared = { ...manifest.dependencies, ...manifest.devDependencies };
    const used = new Set(
      sources(folder)
        .flatMap(importsOf)
        .map(({ module }) => module)
        .filter((module) => !module.startsWith('.') && !module.startsWith('node:'))
        .map((module) =>
          module.startsWith('@') ? module.split('/').slice(0, 2).join('/') : (module.split('/')[0] ?? ''),
        ),
    );
    return [...used].filter((name) => declared[name] === undefined).map((name) => `${folder} uses ${name}`);
  });
  t.strictSame(broken, []);
});
