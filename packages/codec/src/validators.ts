import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as wire from '@stamp-ledger/domain';
import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { isInstant } from './instant.js';

/** Where the schemas are: the only definition of every shape. */
export const SCHEMAS_URL = new URL('../../../schemas/', import.meta.url);

/** Bodies of the commands, by the name of their schema. */
export interface CommandBodies {
  'open-batch': wire.OpenBatch;
  'request-allocation': wire.RequestAllocation;
  'place-order': wire.PlaceOrder;
  'pay-order': wire.PayOrder;
  'cancel-order': wire.CancelOrder;
  'refund-order': wire.RefundOrder;
  'sell-stamp': wire.SellStamp;
  'reserve-stamp': wire.ReserveStamp;
  'affix-stamp': wire.AffixStamp;
  'report-outcome-unknown': wire.ReportOutcomeUnknown;
  'resolve-outcome': wire.ResolveOutcome;
  'void-stamp': wire.VoidStamp;
  'deallocate-stamp': wire.DeallocateStamp;
  'correct-event': wire.CorrectEvent;
  'verify-stamp': wire.VerifyStamp;
  'open-incident': wire.OpenIncident;
  'close-incident': wire.CloseIncident;
  'rebuild-read-models': wire.RebuildReadModels;
  'announce-opening': wire.AnnounceOpening;
  'withdraw-opening': wire.WithdrawOpening;
  'take-ticket': wire.TakeTicket;
  'set-stock-policy': wire.SetStockPolicy;
}
export type CommandName = keyof CommandBodies;

/** What is wrong with a value: a JSON Pointer (RFC 6901) and a sentence. */
export interface SchemaFault {
  readonly pointer: string;
  readonly detail: string;
}
export type Validated<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly faults: readonly SchemaFault[] };

const readSchema = (path: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(path, SCHEMAS_URL), 'utf8'));

/** Ajv with every schema. A hundred files: a thread that only reads the log loads none of them. */
function loadSchemas(allErrors: boolean): Ajv2020 {
  const library: typeof import('ajv/dist/2020.js') = createRequire(import.meta.url)('ajv/dist/2020.js');
  const ajv = new library.Ajv2020({
    strict: true,
    strictRequired: true,
    allErrors,
    coerceTypes: false,
    useDefaults: false,
    removeAdditional: false,
    // That the schemas are schemas is for a test: the meta-schema takes longer to compile than all shapes of a process.
    validateSchema: false,
  });
  ajv.addFormat('utc-date-time', { type: 'string', validate: isInstant });
  for (const path of ['common.json', 'metadata.v1.json']) ajv.addSchema(readSchema(path));
  for (const folder of ['events', 'commands'])
    for (const file of readdirSync(new URL(`${folder}/`, SCHEMAS_URL)).sort())
      ajv.addSchema(readSchema(`${folder}/${file}`));
  return ajv;
}

/** Looks up a validator, compiled on first use: a process pays only for the shapes it meets. */
function compiler({ allErrors }: { readonly allErrors: boolean }): (id: string) => ValidateFunction {
  let ajv: Ajv2020 | undefined;
  /** Ajv's own look-up parses the id every time. */
  const validators = new Map<string, ValidateFunction>();
  return (id) => {
    const known = validators.get(id);
    if (known !== undefined) return known;
    ajv ??= loadSchemas(allErrors);
    const compiled = ajv.getSchema(id);
    if (compiled === undefined) throw new Error(`no schema ${id}`);
    validators.set(id, compiled);
    return compiled;
  };
}

/** Stops at the first fault: whether there is one is all that the many good bodies need to know. */
const validator = compiler({ allErrors: false });
/** Finds all of them, for a client that was wrong; made when there is one, or before by {@link warmCommands}. */
const thorough = compiler({ allErrors: true });

/** Makes what the first wrong bodies would else wait for, a little at each step. */
export function* warmCommands(): Generator<void, void, undefined> {
  for (const file of readdirSync(new URL('commands/', SCHEMAS_URL)).sort()) {
    thorough(`/schemas/commands/${file}`);
    yield;
  }
}

function fault(error: ErrorObject): SchemaFault {
  const member =
    error.keyword === 'required'
      ? error.params.missingProperty
      : error.keyword === 'additionalProperties'
        ? error.params.additionalProperty
        : undefined;
  const pointer =
    member === undefined
      ? error.instancePath
      : `${error.instancePath}/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return { pointer, detail: detailOf(error) };
}

function detailOf(error: ErrorObject): string {
  switch (error.keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return 'is not known here';
    case 'format':
      return 'must be an RFC 3339 time in UTC, such as 2024-09-06T13:00:00Z';
    case 'pattern':
      return 'does not have the form that is wanted here';
    default:
      return error.message ?? 'is not valid';
  }
}

function check<Value>(id: string, value: unknown): Validated<Value> {
  if (validator(id)(value)) return { ok: true, value: value as Value };
  const validate = thorough(id);
  validate(value);
  // What does not have the right form breaks several rules at once: the first says it.
  const first = new Map<string, SchemaFault>();
  for (const each of (validate.errors ?? []).map(fault))
    if (!first.has(each.pointer)) first.set(each.pointer, each);
  return { ok: false, faults: [...first.values()] };
}

/** Checks a command's body against schemas/commands/<name>.json. */
export function validateCommand<Name extends CommandName>(
  name: Name,
  body: unknown,
): Validated<CommandBodies[Name]> {
  return check(`/schemas/commands/${name}.json`, body);
}

/** Checks an event's data against schemas/events/<type>.v<version>.json. */
export function validateEventData(type: string, version: number, data: unknown): Validated<object> {
  return check(`/schemas/events/${type}.v${version}.json`, data);
}

export function validateMetadata(metadata: unknown): Validated<wire.MetadataV1> {
  return check('/schemas/metadata.v1.json', metadata);
}
