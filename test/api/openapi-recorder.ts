import assert from 'node:assert/strict';
import { isInstant } from '@stamp-ledger/codec';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonObject, Reply, Witness } from '../support/http.js';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly scope: string | undefined;
  readonly parameters: readonly string[];
  /** An example of the body; absent when it has none. */
  readonly body: unknown;
  readonly bodyOptional: boolean;
  readonly statuses: readonly number[];
}

/** Problems that any path may answer: said once, in the document's description. */
const ANYWHERE = new Set([404, 405, 408, 417, 429, 431, 503]);

const at = (value: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((each, key) => (each as JsonObject | undefined)?.[key], value);

/** The OpenAPI document as a judge: every answer seen has to be one that it describes. */
export class OpenApiRecorder {
  readonly operations: readonly Operation[];
  readonly #document: JsonObject;
  readonly #ajv = new Ajv2020({ strict: false, formats: { 'utc-date-time': isInstant } });
  readonly #validators = new Map<string, ValidateFunction>();
  /** `GET /v1/events 200`, for every answer seen. */
  readonly #seen = new Set<string>();

  constructor(document: JsonObject) {
    this.#document = document;
    this.#ajv.addSchema(document, 'openapi');
    this.operations = Object.entries(document.paths as Record<string, JsonObject>).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => this.#operation(method, path, operation)),
    );
  }

  #operation(method: string, path: string, operation: unknown): Operation {
    const [scope] = Object.values((at(operation, 'security', '0') as JsonObject | undefined) ?? {}).flat();
    const parameters = (at(operation, 'parameters') as readonly JsonObject[] | undefined) ?? [];
    return {
      method: method.toUpperCase(),
      path,
      scope: scope as string | undefined,
      parameters: parameters.map((each) => at(this.#deref(each), 'name') as string),
      body: at(operation, 'requestBody', 'content', 'application/json', 'example'),
      bodyOptional: at(operation, 'requestBody', 'required') === false,
      statuses: Object.keys(at(operation, 'responses') as JsonObject).map(Number),
    };
  }

  #deref(value: JsonObject): JsonObject {
    const { $ref } = value;
    if (typeof $ref !== 'string') return value;
    return at(this.#document, ...$ref.replace('#/', '').split('/')) as JsonObject;
  }

  /** Throws when an answer is not one that the document describes. */
  readonly witness: Witness = ({ method, path }, reply) => {
    const operation = this.find(method, path);
    if (operation === undefined || !operation.statuses.includes(reply.status)) {
      const anywhere = ANYWHERE.has(reply.status);
      assert.ok(
        anywhere,
        `${method} ${path} answered ${reply.status}, which is not documented: ${reply.text}`,
      );
      this.#validate(reply, 'components', 'schemas', 'problem');
      return;
    }
    this.#seen.add(`${operation.method} ${operation.path} ${reply.status}`);
    const key = operation.method.toLowerCase();
    const pointer = ['paths', operation.path, key, 'responses', String(reply.status)];
    const answer = at(this.#document, ...pointer) as JsonObject;
    const { $ref } = answer;
    const place = typeof $ref === 'string' ? $ref.replace('#/', '').split('/') : pointer;
    this.#check(method, reply, place);
  };

  #check(method: string, reply: Reply, place: readonly string[]): void {
    const answer = at(this.#document, ...place);
    for (const name of Object.keys((at(answer, 'headers') as JsonObject | undefined) ?? {}))
      if (name === 'X-Request-Id') assert.ok(reply.headers.has(name), `${name} is missing`);
    const contents = at(answer, 'content') as JsonObject | undefined;
    if (contents === undefined || method === 'HEAD') {
      assert.equal(reply.text, '');
      return;
    }
    const type = (reply.headers.get('content-type') ?? '').replace(/;.*/, '');
    assert.ok(Object.hasOwn(contents, type), `${type} is not documented for ${place.join('/')}`);
    const schema = [...place, 'content', type, 'schema'];
    if (type === 'application/x-ndjson') this.#validateLines(reply, ...schema);
    else if (/json$/.test(type)) this.#validate(reply, ...schema);
  }

  /** Each line has the form that the document gives for the whole. */
  #validateLines(reply: Reply, ...place: readonly string[]): void {
    for (const text of reply.text.split('\n').filter((line) => line !== ''))
      this.#validate({ ...reply, text, json: JSON.parse(text) as JsonObject }, ...place);
  }

  #validate(reply: Reply, ...place: readonly string[]): void {
    const segments = place.map((part) =>
      encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    const reference = `openapi#/${segments.join('/')}`;
    const validate = this.#validators.get(reference) ?? this.#ajv.compile({ $ref: reference });
    this.#validators.set(reference, validate);
    assert.ok(validate(reply.json), `${this.#ajv.errorsText(validate.errors)} in ${reply.text}`);
  }

  find(method: string, path: string): Operation | undefined {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const parts = path.replace(/\?.*/, '').split('/');
    const fits = (template: string): boolean => {
      const names = template.split('/');
      return (
        names.length === parts.length &&
        names.every((name, index) => name.startsWith('{') || name === parts[index])
      );
    };
    return this.operations.find((each) => each.method === wanted && fits(each.path));
  }

  /** Documented answers that no call has brought about. */
  unseen(): string[] {
    return this.operations
      .flatMap(({ method, path, statuses }) => statuses.map((status) => `${method} ${path} ${status}`))
      .filter((answer) => !this.#seen.has(answer));
  }
}
