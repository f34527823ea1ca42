import { type OpenedCheckpoint, openCheckpoint, parseCheckpoint } from './checkpoints.js';
import { cosignedSince } from './cosignatures.js';
import { TransparencyError } from './errors.js';
import { ALGORITHM, parseVkey, type VerifierKey } from './keys.js';
import { parseNote } from './notes.js';
import { parseDecimal } from './numbers.js';

/** Most lines of each kind; C2SP tlog-policy asks for at least 32. */
export const POLICY_LIMITS = { logs: 256, witnesses: 256, groups: 256, bytes: 1_000_000 } as const;

/** A log or a witness: its key, and where it is reached if the policy says so. */
export interface PolicyParty {
  readonly key: VerifierKey;
  readonly url?: string;
}

/** Who must have witnessed a checkpoint: nobody, a witness, or a number of the members of a group. */
export type Quorum =
  | { readonly kind: 'none' }
  | { readonly kind: 'witness'; readonly name: string; readonly key: VerifierKey }
  | {
      readonly kind: 'group';
      readonly name: string;
      readonly threshold: number;
      readonly members: readonly Exclude<Quorum, { kind: 'none' }>[];
    };

/** A policy file: which logs are trusted, and which cosignatures are asked for (C2SP tlog-policy). */
export interface Policy {
  readonly logs: readonly PolicyParty[];
  readonly witnesses: readonly (PolicyParty & { readonly name: string })[];
  readonly quorum: Quorum;
}

type Member = Exclude<Quorum, { kind: 'none' }>;

/** What has been read so far. */
interface Draft {
  readonly logs: PolicyParty[];
  readonly witnesses: (PolicyParty & { readonly name: string })[];
  readonly defined: Map<string, Member>;
  readonly grouped: Set<string>;
  quorum?: Quorum;
}

/**
 * Reads a policy file (C2SP tlog-policy). Names are octets: text that is no UTF-8 is compared byte by byte.
 *
 * @throws TransparencyError `bad-policy` with the number of the line
 */
export function parsePolicy(bytes: Uint8Array): Policy {
  if (bytes.length > POLICY_LIMITS.bytes) throw bad('the file is too large');
  const text = Buffer.from(bytes).toString('latin1');
  const draft: Draft = { logs: [], witnesses: [], defined: new Map(), grouped: new Set() };
  if (text !== '' && !text.endsWith('\n')) throw bad('the last line does not end');
  text
    .split('\n')
    .slice(0, -1)
    .forEach((line, at) => {
      try {
        readLine(line, draft);
      } catch (error) {
        if (!(error instanceof TransparencyError)) throw error;
        throw bad(`line ${at + 1}: ${error.message}`);
      }
    });
  const { logs, witnesses, quorum } = draft;
  if (quorum === undefined) throw bad('there is no quorum line');
  return { logs, witnesses, quorum };
}

/**
 * Whether the witnesses whose cosignatures hold, by name, are enough.
 */
export function meetsQuorum(quorum: Quorum, witnessed: ReadonlySet<string>): boolean {
  switch (quorum.kind) {
    case 'none':
      return true;
    case 'witness':
      return witnessed.has(quorum.name);
    case 'group':
      return quorum.members.filter((member) => meetsQuorum(member, witnessed)).length >= quorum.threshold;
  }
}

/**
 * Reads a signed checkpoint that a policy accepts: signed by one of its logs, under that log's origin, and cosigned as the
 * quorum asks.
 *
 * @throws TransparencyError as {@link openCheckpoint}; `quorum-not-met`
 */
export function openByPolicy(bytes: Uint8Array, policy: Policy): OpenedCheckpoint {
  const checkpoint = openOfPolicy(bytes, policy);
  const witnessed = witnessedBy(checkpoint.note.verified, policy);
  if (!meetsQuorum(policy.quorum, witnessed))
    throw new TransparencyError(
      'quorum-not-met',
      `${witnessed.size} witnesses cosigned: not those asked for`,
    );
  return checkpoint;
}

/** The latest time, in seconds, since which a policy's quorum cosigned a checkpoint; undefined when it did not, or is none. */
export function quorumSince({ note }: OpenedCheckpoint, policy: Policy): number | undefined {
  const verified = note.verified.map(({ key, signature: { signature } }) => ({ key, signature }));
  return cosignedSince(verified, (found) => meetsQuorum(policy.quorum, witnessedBy(found, policy)));
}

/** The names of the witnesses with these keys. */
function witnessedBy(
  signed: readonly { readonly key: VerifierKey }[],
  { witnesses }: Policy,
): ReadonlySet<string> {
  const keys = new Set(signed.map(({ key }) => key));
  return new Set(witnesses.filter(({ key }) => keys.has(key)).map(({ name }) => name));
}

/**
 * Reads a checkpoint that one of a policy's logs signed, however many witnesses cosigned it.
 *
 * @throws TransparencyError as {@link openCheckpoint}
 */
export function openOfPolicy(bytes: Uint8Array, policy: Policy): OpenedCheckpoint {
  const { origin } = parseCheckpoint(parseNote(bytes).text);
  const logKeys = policy.logs.map(({ key }) => key).filter((key) => key.name === origin);
  const witnesses = policy.witnesses.map(({ key }) => key);
  return openCheckpoint(bytes, { origin, logKeys, witnesses });
}

function readLine(line: string, draft: Draft): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the octets the standard forbids
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(line)) throw bad('there is a control character');
  const [keyword, ...words] = line.split(/[ \t]+/).filter((word) => word !== '');
  if (keyword === undefined || keyword.startsWith('#')) return;
  switch (keyword) {
    case 'log':
      readLog(words, draft);
      return;
    case 'witness':
      readWitness(words, draft);
      return;
    case 'group':
      readGroup(words, draft);
      return;
    case 'quorum':
      readQuorum(words, draft);
      return;
    default:
      throw bad('it begins with no keyword of a policy');
  }
}

function readLog(words: readonly string[], draft: Draft): void {
  draft.logs.push(readParty(words, { algorithm: ALGORITHM.ed25519, others: draft.logs }));
  if (draft.logs.length > POLICY_LIMITS.logs) throw bad('there are too many logs');
}

function readWitness([name, ...words]: readonly string[], draft: Draft): void {
  const party = readParty(words, { algorithm: ALGORITHM.cosignature, others: draft.witnesses });
  const named = defineName(name, draft);
  draft.defined.set(named, { kind: 'witness', name: named, key: party.key });
  draft.witnesses.push({ ...party, name: named });
  if (draft.witnesses.length > POLICY_LIMITS.witnesses) throw bad('there are too many witnesses');
}

function readParty(
  [vkey, url, ...more]: readonly string[],
  { algorithm, others }: { readonly algorithm: number; readonly others: readonly PolicyParty[] },
): PolicyParty {
  if (vkey === undefined || more.length > 0) throw bad('it needs a vkey and at most a URL');
  const key = parseVkey(Buffer.from(vkey, 'latin1').toString());
  if (key.algorithm !== algorithm) throw bad('the key is of the wrong algorithm');
  if (others.some((other) => other.key.publicKey.equals(key.publicKey)))
    throw bad('the key is there already');
  return url === undefined ? { key } : { key, url };
}

function readGroup([name, count, ...names]: readonly string[], draft: Draft): void {
  if (count === undefined || names.length === 0) throw bad('a group needs a number and members');
  const threshold = count === 'any' ? 1 : count === 'all' ? names.length : (parseDecimal(count) ?? 0);
  if (threshold < 1 || threshold > names.length) throw bad('the number of members asked for is none');
  const members = names.map((member) => {
    const found = lookUp(member, draft);
    if (draft.grouped.has(member)) throw bad('a member is in a group already');
    draft.grouped.add(member);
    return found;
  });
  const named = defineName(name, draft);
  draft.defined.set(named, { kind: 'group', name: named, threshold, members });
  if (draft.defined.size > POLICY_LIMITS.groups + draft.witnesses.length)
    throw bad('there are too many groups');
}

function readQuorum([name, ...more]: readonly string[], draft: Draft): void {
  if (name === undefined || more.length > 0) throw bad('a quorum is one name');
  if (draft.quorum !== undefined) throw bad('there is a quorum already');
  draft.quorum = name === 'none' ? { kind: 'none' } : lookUp(name, draft);
}

function defineName(name: string | undefined, { defined }: Draft): string {
  if (name === undefined || name === 'none' || defined.has(name)) throw bad('the name is none, or taken');
  return name;
}

function lookUp(name: string, { defined }: Draft): Member {
  const found = defined.get(name);
  if (found === undefined) throw bad('a name is not defined before');
  return found;
}

const bad = (why: string): TransparencyError => new TransparencyError('bad-policy', why);
