import { allOrNone, type Engines, readEngines } from './engines.js';
import { readWitnesses, type WitnessSettings } from './witness-settings.js';

/** Everything the environment may say (design A2), checked. */
export interface Configuration {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly dataDirectory: string;
  /** From host and port when absent. */
  readonly publicUrl?: string;
  /** The transparency log's origin: a schemeless URL (C2SP tlog-checkpoint). */
  readonly origin: string;
  readonly identity: LocalIdentity | OidcIdentity;
  readonly logLevel: LogLevel;
  readonly gate: GateConfiguration;
  readonly waitingRoom: WaitingRoomConfiguration;
  /** Who is asked to cosign the log's checkpoints. */
  readonly witnesses: WitnessSettings;
  /** Absent for the embedded ledger. */
  readonly engines?: Engines;
}

/** What stands before the HTTP API when more is asked for than can be done. */
export interface GateConfiguration {
  /** False only to see what happens without it. */
  readonly isOn: boolean;
  /** Requests a second that one caller (a token, or an address without one) may send; without it there is no quota. */
  readonly callerPerSecond?: number;
}

/** No identity provider: one administrator's token in the data directory. */
export interface LocalIdentity {
  readonly kind: 'local';
}

/** OpenID Connect: tokens of one issuer, for one audience. */
export interface OidcIdentity {
  readonly kind: 'oidc';
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
}

export interface WaitingRoomConfiguration {
  /** Whether lasting pressure opens it; announced openings always do. */
  readonly opensUnderPressure: boolean;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type ConfigurationResult =
  | { readonly ok: true; readonly configuration: Configuration }
  /** Every fault, one sentence each, naming the variable and never its value. */
  | { readonly ok: false; readonly faults: readonly string[] };

export type Environment = Readonly<Record<string, string | undefined>>;

const LOOPBACK = /^(localhost|::1|127(\.\d{1,3}){3})$/;
const ORIGIN = /^[^\s+/:]+(\/[^\s+/]+)*$/;

/** Reads and checks the variables of design A2; an empty one counts as unset. */
export function readConfiguration(environment: Environment): ConfigurationResult {
  const faults: string[] = [];
  const value = valueIn(environment);
  const checked = (
    name: string,
    otherwise: string,
    isRight: (text: string) => boolean,
    wanted: string,
  ): string => {
    const text = value(name) ?? otherwise;
    if (!isRight(text)) faults.push(`${name} must be ${wanted}`);
    return text;
  };

  const host = checked(
    'LEDGER_HOST',
    '127.0.0.1',
    (text) => /^[A-Za-z0-9.:_-]+$/.test(text),
    'a host name or address',
  );
  const port = checked('LEDGER_PORT', '8080', isPort, 'a port from 0 to 65535');
  const dataDirectory = checked('LEDGER_DATA_DIR', './data', (text) => !text.includes('\0'), 'a path');
  const origin = checked(
    'LEDGER_ORIGIN',
    'stamp-ledger.local/log',
    (text) => ORIGIN.test(text),
    'a schemeless URL without spaces and plus signs',
  );
  const logLevel = checked('LEDGER_LOG_LEVEL', 'info', isLogLevel, `one of ${LOG_LEVELS.join(', ')}`);
  const gate = checked('LEDGER_GATE', 'on', (text) => text === 'on' || text === 'off', 'on or off');
  const waitingRoom = checked(
    'LEDGER_WAITING_ROOM',
    'auto',
    (text) => text === 'auto' || text === 'announced',
    'auto or announced',
  );
  const perSecond = value('LEDGER_CALLER_RATE');
  if (perSecond !== undefined && !/^[1-9]\d{0,5}$/.test(perSecond))
    faults.push('LEDGER_CALLER_RATE must be requests a second, from 1 to 999999');
  const publicUrl = value('LEDGER_PUBLIC_URL');
  if (publicUrl !== undefined && !isHttpUrl(publicUrl))
    faults.push('LEDGER_PUBLIC_URL must be an http or https URL');
  const identity = readIdentity(value, faults);
  if (identity.kind === 'local' && !LOOPBACK.test(host))
    faults.push(
      'LEDGER_HOST must be a loopback address unless LEDGER_OIDC_ISSUER, LEDGER_OIDC_AUDIENCE and LEDGER_JWKS_URL name an identity provider',
    );
  const witnesses = readWitnesses(value, faults);
  const engines = allOrNone(readEngines(value, faults), value, faults);

  if (faults.length > 0 || !isLogLevel(logLevel)) return { ok: false, faults };
  return {
    ok: true,
    configuration: {
      host,
      port: Number(port),
      dataDirectory,
      origin,
      identity,
      logLevel,
      gate: {
        isOn: gate === 'on',
        ...(perSecond === undefined ? {} : { callerPerSecond: Number(perSecond) }),
      },
      waitingRoom: { opensUnderPressure: waitingRoom === 'auto' },
      witnesses,
      ...(engines && { engines }),
      ...(publicUrl === undefined ? {} : { publicUrl: publicUrl.replace(/\/$/, '') }),
    },
  };
}

/** An empty variable counts as unset. */
export const valueIn =
  (environment: Environment) =>
  (name: string): string | undefined =>
    environment[name] === '' ? undefined : environment[name];

function readIdentity(
  value: (name: string) => string | undefined,
  faults: string[],
): LocalIdentity | OidcIdentity {
  const issuer = value('LEDGER_OIDC_ISSUER');
  const audience = value('LEDGER_OIDC_AUDIENCE');
  const jwksUrl = value('LEDGER_JWKS_URL');
  if (issuer === undefined && audience === undefined && jwksUrl === undefined) return { kind: 'local' };
  if (issuer === undefined || audience === undefined || jwksUrl === undefined) {
    faults.push('LEDGER_OIDC_ISSUER, LEDGER_OIDC_AUDIENCE and LEDGER_JWKS_URL must be set together');
    return { kind: 'oidc', issuer: '', audience: '', jwksUrl: '' };
  }
  if (!isHttpUrl(issuer)) faults.push('LEDGER_OIDC_ISSUER must be an http or https URL');
  if (!isHttpUrl(jwksUrl)) faults.push('LEDGER_JWKS_URL must be an http or https URL');
  return { kind: 'oidc', issuer, audience, jwksUrl };
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) <= 65_535;
const isLogLevel = (text: string): text is LogLevel => LOG_LEVELS.some((level) => level === text);

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}
