import { readdirSync, readFileSync } from 'node:fs';
import { SCHEMAS_URL } from '@stamp-ledger/codec';
import { parse } from 'yaml';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The OpenAPI document in one piece: schemas/openapi.yaml with the schemas that it points to put inside. */
export function bundledOpenApi(serverUrl: string): JsonObject {
  const document = parse(readFileSync(new URL('openapi.yaml', SCHEMAS_URL), 'utf8')) as JsonObject;
  const schemas = Object.fromEntries(schemaFiles().map((path) => [componentName(path), readSchema(path)]));
  const bundled = rewrite(document, 'openapi.yaml') as JsonObject;
  const components = bundled.components as { readonly schemas?: JsonObject };
  return {
    ...bundled,
    servers: [{ url: serverUrl }],
    components: { ...components, schemas: { ...components.schemas, ...schemas } },
  };
}

const schemaFiles = (): string[] => [
  'common.json',
  'metadata.v1.json',
  'problem.json',
  ...readdirSync(new URL('commands/', SCHEMAS_URL))
    .sort()
    .map((file) => `commands/${file}`),
];

/** `commands/open-batch.json` becomes `commands.open-batch`. */
const componentName = (path: string): string => path.replace(/\.json$/, '').replaceAll('/', '.');

function readSchema(path: string): Json {
  const { $id, $schema, ...schema } = JSON.parse(
    readFileSync(new URL(path, SCHEMAS_URL), 'utf8'),
  ) as JsonObject;
  return rewrite(schema, path);
}

/** Points every reference at its place inside the one document. `path` is where the value stands below /schemas. */
function rewrite(value: Json, path: string): Json {
  if (Array.isArray(value)) return value.map((each: Json) => rewrite(each, path));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' ? inside(member, path) : rewrite(member, path),
    ]),
  );
}

function inside(reference: string, path: string): string {
  const base = new URL(path, 'schema:///');
  const target = new URL(reference, base);
  const file = target.pathname.replace(/^\//, '');
  if (file === 'openapi.yaml') return reference;
  return `#/components/schemas/${componentName(file)}${target.hash.replace(/^#/, '')}`;
}
