import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { ROOT } from '../support/server-process.js';

interface AsyncApi {
  readonly channels: { readonly events: { readonly messages: Record<string, { $ref: string }> } };
  readonly components: { readonly messages: Record<string, unknown> };
}

t.test('asyncapi.yaml describes exactly the events that there are', async (t) => {
  const text = readFileSync(join(ROOT, 'schemas/asyncapi.yaml'), 'utf8');
  const document = parse(text) as AsyncApi;
  const types = readdirSync(join(ROOT, 'schemas/events')).map((file) => file.split('.')[0] ?? '');
  t.strictSame(Object.keys(document.channels.events.messages).sort(), types.sort());
  t.strictSame(Object.keys(document.components.messages).sort(), types);
  for (const [, file = ''] of text.matchAll(/\$ref: '([^#'][^']*)'/g))
    t.ok(existsSync(join(ROOT, 'schemas', file)), `${file} exists`);
});
