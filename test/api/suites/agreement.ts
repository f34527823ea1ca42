import { PROBLEMS } from '@stamp-ledger/api';
import type { Test } from 'tap';
import type { JsonObject } from '../../support/http.js';
import type { World } from '../world.js';

/** Documented answers that no test brings about, and why. */
const NOT_EXERCISED: Readonly<Record<string, string>> = {};

/** Code and document agree: routes, scopes, problems, and every documented answer was seen. Runs last. */
export async function agreement(
  t: Test,
  { recorder, call }: World,
  routes: readonly { readonly method: string; readonly path: string; readonly scope?: string }[],
): Promise<void> {
  const line = ({ method, path, scope }: { method: string; path: string; scope?: string | undefined }) =>
    `${method} ${path} ${scope ?? 'open'}`;
  t.strictSame(routes.map(line).sort(), recorder.operations.map(line).sort(), 'routes and scopes');

  const document = (await call('/openapi.json')).json;
  const responses = (document.components as JsonObject).responses as Record<
    string,
    { readonly content: JsonObject }
  >;
  const examples = Object.values(responses).flatMap(({ content }) =>
    Object.entries(
      (
        content['application/problem+json'] as {
          readonly examples: Record<string, { readonly value: JsonObject }>;
        }
      ).examples,
    ),
  );
  t.strictSame(
    Object.fromEntries(
      examples.map(([name, { value }]) => [name, { status: value.status, title: value.title }]),
    ),
    Object.fromEntries(
      Object.entries(PROBLEMS).map(([name, { status, title }]) => [name, { status, title }]),
    ),
    'each problem has its example',
  );
  t.strictSame(
    recorder.unseen().sort(),
    Object.keys(NOT_EXERCISED).sort(),
    'every documented answer was seen',
  );
}
