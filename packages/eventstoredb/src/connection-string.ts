/** Where the server is and who we are. */
export interface EventStoreDbAddress {
  /**
   * `esdb://host:port?tls=false`, `esdb+discover://host`, several hosts divided by commas, or the same with `kurrentdb`.
   * Without user and password.
   */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
}

const URL = /^(esdb|kurrentdb)(\+discover)?:\/\/([^/?#@]+)\/?(?:\?([^#]*))?$/;
const HOST = /^[A-Za-z0-9._-]+(?::[0-9]{1,5})?$/;
const COUNT = /^[0-9]{1,9}$/;
const PREFERENCES = ['leader', 'follower', 'readonlyreplica', 'random'];

const isCount = (value: string): boolean => COUNT.test(value);
/** What an address may ask for, by its name in small letters. All else the client would warn about, password and all. */
const OPTIONS: Readonly<Record<string, (value: string) => boolean>> = {
  tls: (value) => value === 'true' || value === 'false',
  tlscafile: (value) => value !== '',
  usercertfile: (value) => value !== '',
  userkeyfile: (value) => value !== '',
  connectionname: (value) => value !== '',
  nodepreference: (value) => PREFERENCES.includes(value.toLowerCase().replaceAll(/[_-]/g, '')),
  maxdiscoverattempts: isCount,
  discoveryinterval: isCount,
  gossiptimeout: isCount,
  keepaliveinterval: isCount,
  keepalivetimeout: isCount,
};

export interface ParsedAddress {
  readonly discover: boolean;
  readonly hosts: readonly string[];
  readonly options: readonly (readonly [name: string, value: string])[];
  readonly tls: boolean;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

/** Reads an address strictly. Throws a plain Error that names what is wrong and holds no secret. */
export function parseAddress({ url, user, password }: EventStoreDbAddress): ParsedAddress {
  const match = URL.exec(url.trim());
  if (match === null)
    throw new Error(
      'an address of EventStoreDB is esdb://host:port or esdb+discover://host, with user and password apart from it',
    );
  const [, , discover, hostList = '', query = ''] = match;
  const hosts = hostList.split(',');
  if (!hosts.every((host) => HOST.test(host)))
    throw new Error('the address of EventStoreDB has an unusable host');
  const options = query === '' ? [] : query.split('&').map(parseOption);
  const tls = !options.some(([name, value]) => name.toLowerCase() === 'tls' && value === 'false');
  return {
    discover: discover !== undefined,
    hosts,
    options,
    tls,
    credentials: credentialsOf(user, password, tls),
  };
}

function parseOption(option: string): readonly [string, string] {
  const [name = '', value = '', ...rest] = option.split('=');
  const known = OPTIONS[name.toLowerCase()];
  if (known === undefined || !Object.hasOwn(OPTIONS, name.toLowerCase()) || rest.length > 0)
    throw new Error(`the address of EventStoreDB has an unknown option ${JSON.stringify(name)}`);
  if (!known(value)) throw new Error(`the address of EventStoreDB has an unusable ${name}`);
  return [name, value];
}

function credentialsOf(
  user: string | undefined,
  password: string | undefined,
  tls: boolean,
): ParsedAddress['credentials'] {
  if (!user !== !password) throw new Error('EventStoreDB needs a user and a password, or neither');
  if (user && password) return { username: user, password };
  // Every append passes credentials, to be made by the call that has a deadline: a secure one needs real ones.
  if (tls) throw new Error('EventStoreDB over TLS needs a user and a password');
  return undefined;
}

/** The client's connection string, with user and password percent-encoded in it: never to be logged. */
export const connectionStringFor = (address: EventStoreDbAddress): string =>
  printAddress(parseAddress(address));

/** With `leader`, the connection string for that one host instead. */
export function printAddress(address: ParsedAddress, leader?: string): string {
  const { credentials, options } = address;
  const scheme = address.discover && leader === undefined ? 'esdb+discover' : 'esdb';
  const authority =
    credentials === undefined
      ? ''
      : `${encodeURIComponent(credentials.username)}:${encodeURIComponent(credentials.password)}@`;
  const query = options.map(([name, value]) => `${name}=${value}`).join('&');
  const hosts = leader ?? address.hosts.join(',');
  return `${scheme}://${authority}${hosts}${query === '' ? '' : `?${query}`}`;
}
