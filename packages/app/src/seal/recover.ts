import type { Position } from '@stamp-ledger/codec';
import { type CheckpointLock, LIMITS, type TileStore } from '@stamp-ledger/ports';
import {
  type Checkpoint,
  openCheckpoint,
  proveConsistency,
  type SignerKey,
  TransparencyError,
  tileHashReader,
  treeRoot,
  type VerifierKey,
  verifyConsistency,
} from '@stamp-ledger/transparency';
import { predecessorOf } from './continuation.js';
import { Growth } from './growth.js';
import { EMPTY_EDGE, type LogEdge, readEdge, readTile } from './read-log.js';
import { compareAll, eventOfEntry, readEntries, type SealSource } from './source.js';
import { halted, haltOf } from './status.js';

/** Whose log it is. */
export interface LogIdentity {
  readonly origin: string;
  /** All of them sign, the current one first. */
  readonly signers: readonly [SignerKey, ...SignerKey[]];
  /** Keys that signed before and do not any more. */
  readonly retired: readonly VerifierKey[];
  /** Entry 0 of a log that takes the place of a closed one. */
  readonly continuation?: Buffer;
}

/** All keys that may have signed for a log, the current one first. */
export const verifiersOf = ({
  signers,
  retired,
}: {
  readonly signers: readonly SignerKey[];
  readonly retired: readonly VerifierKey[];
}): VerifierKey[] => [...signers.map(({ verifier }) => verifier), ...retired];

export interface RecoveryRequest {
  readonly store: SealSource;
  readonly tiles: TileStore;
  readonly lock: CheckpointLock;
  readonly identity: LogIdentity;
  /**
   * Given by an operator when the lock store was lost: the checkpoints of this log that others hold, or none. The largest
   * of them and of the published one is adopted.
   */
  readonly adopt?: readonly Uint8Array[];
  /**
   * What witnesses show of this log. A log whose every file was set back together is noticed by nobody else. What no key of
   * the log signed is passed over, so a witness can halt it only with what the log itself signed.
   */
  readonly shown?: () => Promise<readonly Uint8Array[]>;
}

/** A log that may be appended to. */
export interface RecoveredLog {
  readonly growth: Growth;
  /** The last signed checkpoint, as the lock store holds it. */
  readonly signed: Buffer | undefined;
}

interface Known extends Checkpoint {
  readonly note: Buffer;
}

/**
 * Compares the signed checkpoint L, the published one P, those that witnesses show and the event store E at the start, and
 * makes lost tiles again from the events. What was signed and not published is published by the next round. Throws a
 * {@link SealHalted} for everything that must not be repaired without a person, and for an event store that lacks sealed
 * events.
 */
export async function recover(request: RecoveryRequest): Promise<RecoveredLog> {
  const published = known(await request.tiles.readCheckpoint(), request.identity);
  const cosigned = known(await request.tiles.readCosigned(), request.identity);
  const held = known(await request.lock.read(), request.identity);
  const witnessed = ((await request.shown?.()) ?? []).map((note) => knownIfSigned(note, request.identity));
  const copies = held === undefined ? copiesToAdopt(request, [published, cosigned, ...witnessed]) : [];
  const signed = held ?? copies[0];
  if (signed === undefined) return { growth: fresh(request), signed: undefined };
  const others = [published, cosigned, ...witnessed, ...copies].filter((copy) => copy !== undefined);
  refuseFork(signed, others);
  const adopt = async (): Promise<void> => {
    if (held === undefined && !(await request.lock.replace({ from: undefined, to: signed.note })))
      throw halted('overtaken', 'the lock store was filled meanwhile');
  };
  try {
    const { edge, position } = await standing(request, { signed, published, others });
    await adopt();
    return { growth: new Growth(edge, position), signed: signed.note };
  } catch (error) {
    // It is this log that the missing events are put back from.
    if (haltOf(error)?.missing !== undefined) await adopt();
    throw error;
  }
}

/** The tree that was signed last. Throws a {@link SealHalted} `lock-lost` when the lock store holds none. */
export async function signedTree({
  lock,
  identity,
}: Pick<RecoveryRequest, 'lock' | 'identity'>): Promise<Checkpoint> {
  const signed = known(await lock.read(), identity);
  if (signed === undefined) throw halted('lock-lost', 'nothing says what was signed last');
  return signed;
}

function known(note: Buffer | undefined, identity: LogIdentity): Known | undefined {
  if (note === undefined) return undefined;
  const { origin } = identity;
  const { size, root } = openCheckpoint(note, { origin, logKeys: verifiersOf(identity) });
  return { note, origin, size, root };
}

function knownIfSigned(note: Uint8Array, identity: LogIdentity): Known | undefined {
  try {
    return known(Buffer.from(note), identity);
  } catch (error) {
    if (error instanceof TransparencyError) return undefined;
    throw error;
  }
}

function refuseFork(signed: Known, others: readonly Known[]): void {
  for (const { size, root } of others) {
    if (size > signed.size)
      throw halted('forked', `size ${size} was signed, but by what is held here ${signed.size} was the last`);
    if (size === signed.size && !root.equals(signed.root))
      throw halted('forked', `two roots were signed for size ${size}`);
  }
}

/**
 * Halts when the signed tree does not begin with that of a smaller checkpoint that was signed too. The tiles are believed
 * only as far as they lead to the root that was signed last.
 */
async function refuseBranches(
  tiles: Pick<TileStore, 'read'>,
  signed: Known,
  others: readonly Known[],
): Promise<void> {
  const newer = signed.size;
  const read = tileHashReader({ size: newer, readTile: (tile) => readTile(tiles, tile) });
  for (const { size: older, root } of others) {
    if (older === 0 || older === newer) continue;
    const olderRoot = await treeRoot({ size: older, read });
    const proof = await proveConsistency({ older, newer, read });
    if (!verifyConsistency({ older, olderRoot, newer, newerRoot: signed.root, proof }))
      throw halted('tiles-damaged', `the tiles of size ${older} do not lead to the root signed for ${newer}`);
    if (!olderRoot.equals(root))
      throw halted('forked', `what was signed for size ${older} contradicts what was signed for ${newer}`);
  }
}

/**
 * The checkpoints that are held of a log, the largest first, when the lock store is empty: a new log, or one that lost it,
 * which only an operator may begin again.
 */
function copiesToAdopt(
  { identity, adopt }: RecoveryRequest,
  shown: readonly (Known | undefined)[],
): readonly Known[] {
  const [any] = shown.filter((copy) => copy !== undefined);
  if (any !== undefined && adopt === undefined)
    throw halted('lock-lost', `size ${any.size} was signed, but nothing says what was signed last`);
  return [...shown, ...(adopt ?? []).map((note) => known(Buffer.from(note), identity))]
    .filter((copy) => copy !== undefined)
    .sort((one, other) => other.size - one.size);
}

interface SignedTrees {
  readonly signed: Known;
  readonly published: Known | undefined;
  /** Whatever else was signed of this log and is held. */
  readonly others: readonly Known[];
}

interface Standing {
  readonly edge: LogEdge;
  readonly position: Position | undefined;
}

/** The right edge of the signed tree, and the position of its last event. */
async function standing(
  request: RecoveryRequest,
  { signed, published, others }: SignedTrees,
): Promise<Standing> {
  const edge = await usableEdge(request, signed, others);
  if (edge === undefined) {
    const grown = await regrown(request, signed, published);
    await refuseBranches(request.tiles, signed, others);
    return grown;
  }
  if (edge.last === undefined || predecessorOf(edge.last) !== undefined) return { edge, position: undefined };
  const event = await eventOfEntry(request.store, edge.last);
  if (event !== undefined) return { edge, position: event.position };
  // The last sealed event is not in the store: an older backup of it was restored. Where it ends is worth the time.
  const agreement = await compareAll(request.store, request.tiles, signed.size);
  if (agreement.kind === 'agrees') return { edge, position: agreement.position };
  const missing = { from: agreement.from, to: signed.size };
  throw halted(
    'source-behind',
    `the event store lacks the sealed events ${missing.from} to ${missing.to - 1}`,
    missing,
  );
}

async function usableEdge(
  { tiles }: RecoveryRequest,
  signed: Known,
  others: readonly Known[] = [],
): Promise<LogEdge | undefined> {
  try {
    const edge = await readEdge(tiles, signed);
    await refuseBranches(tiles, signed, others);
    return edge;
  } catch (error) {
    if (haltOf(error)?.reason === 'tiles-damaged') return undefined;
    throw error;
  }
}

/**
 * Makes the tiles of the signed tree again from the events, beginning where the published one ended if that is whole.
 * What is there is compared, never replaced; nothing is written unless the events lead to the signed root.
 */
async function regrown(
  request: RecoveryRequest,
  signed: Known,
  published: Known | undefined,
): Promise<Standing> {
  const { store, tiles } = request;
  const start = published === undefined ? undefined : await startAt(request, published);
  const probed = start ?? fresh(request);
  const probe = await grownTo(store, probed, signed, async () => undefined);
  if (!probe.root.equals(signed.root))
    throw halted(
      'source-differs',
      `the events do not hash to the root that was signed for size ${signed.size}`,
    );
  const again = published === undefined ? undefined : await startAt(request, published);
  await grownTo(store, again ?? fresh(request), signed, (files) => tiles.write(files));
  return { edge: await readEdge(tiles, signed), position: probed.position };
}

function fresh({ identity }: RecoveryRequest): Growth {
  const growth = new Growth(EMPTY_EDGE(), undefined);
  if (identity.continuation !== undefined) growth.add({ entries: [identity.continuation], last: undefined });
  return growth;
}

async function startAt(request: RecoveryRequest, published: Known): Promise<Growth | undefined> {
  const edge = await usableEdge(request, published);
  if (edge === undefined) return undefined;
  if (edge.last === undefined) return fresh(request);
  if (predecessorOf(edge.last) !== undefined) return new Growth(edge, undefined);
  const event = await eventOfEntry(request.store, edge.last);
  return event === undefined ? undefined : new Growth(edge, event.position);
}

async function grownTo(
  store: SealSource,
  growth: Growth,
  { size }: Known,
  write: (files: ReturnType<Growth['takeRound']>['files']) => Promise<void>,
): Promise<ReturnType<Growth['takeRound']>> {
  for (let unwritten = 0; growth.size < size; ) {
    const limit = Math.min(LIMITS.sealReadEvents, size - growth.size);
    const page = await readEntries(store, { after: growth.position, limit });
    if (page.entries.length === 0)
      throw halted(
        'source-behind',
        `tiles of the log are missing, and so are events from ${growth.size} on`,
        { from: growth.size, to: size },
      );
    growth.add(page);
    unwritten += page.entries.length;
    if (unwritten < LIMITS.sealEvents) continue;
    await write(growth.takeRound().files);
    unwritten = 0;
  }
  const round = growth.takeRound();
  await write(round.files);
  return round;
}
