// Writes packages/domain/src/wire.generated.ts from /schemas, the only definition of every shape.
// With --check it writes nothing and exits 1 when the file is out of date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';

const root = new URL('../', import.meta.url);
const target = new URL('packages/domain/src/wire.generated.ts', root);
const read = (path) => JSON.parse(readFileSync(new URL(`schemas/${path}`, root), 'utf8'));
const folder = (name) =>
  readdirSync(new URL(`schemas/${name}/`, root))
    .sort()
    .map((file) => read(`${name}/${file}`));

const common = read('common.json').$defs;
const typeName = (name) => name[0].toUpperCase() + name.slice(1);

// Plain strings and numbers are written out where they are used; only structures and enums get a name.
const isNamed = (definition) => definition.type === 'object' || definition.enum || definition.anyOf;

function pointer(reference) {
  const path = reference.slice(reference.indexOf('#/$defs/') + '#/$defs/'.length).split('/');
  return { name: path[0], definition: path.reduce((at, key) => at[key], common) };
}

function rewrite(node) {
  if (Array.isArray(node)) return node.map(rewrite);
  if (node === null || typeof node !== 'object') return node;
  if (typeof node.$ref === 'string') {
    const { name, definition } = pointer(node.$ref);
    return isNamed(definition) ? { $ref: `#/definitions/${typeName(name)}` } : rewrite(definition);
  }
  // A bounded array stays an array; a union of tuples would help nobody.
  const { minItems, maxItems, ...rest } = node;
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, rewrite(value)]));
}

const definitions = {};
for (const [name, definition] of Object.entries(common))
  if (isNamed(definition)) definitions[typeName(name)] = rewrite(definition);
for (const schema of [read('metadata.v1.json'), ...folder('events'), ...folder('commands')]) {
  const { $schema, $id, title, ...body } = schema;
  definitions[title] = rewrite(body);
}

const text = await compile(
  { title: 'Wire', type: 'object', additionalProperties: false, definitions },
  'Wire',
  {
    bannerComment: '// Generated from /schemas by `npm run generate`. Do not edit.',
    unreachableDefinitions: true,
    additionalProperties: false,
    style: { singleQuote: true, printWidth: 110 },
  },
);
const output = text
  .replace(/export interface Wire \{\}\n/, '')
  .replaceAll(
    'This interface was referenced by `Wire`\'s JSON-Schema\n * via the `definition` "',
    'Definition "',
  )
  .replace(/ \* Definition "[^"]*"\.\n/g, '')
  .replaceAll(' *\n */', ' */');

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== output) {
    console.error('packages/domain/src/wire.generated.ts is out of date: run npm run generate');
    process.exit(1);
  }
} else {
  writeFileSync(target, output);
}
