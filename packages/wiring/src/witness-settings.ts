import { ALGORITHM, parseVkey, TransparencyError } from '@stamp-ledger/transparency';

/** A witness that is asked to cosign the log. */
export interface WitnessPlace {
  readonly vkey: string;
  /** Where `/add-checkpoint` is, without a slash at the end. */
  readonly url: string;
}

/** Who is asked to cosign the log's checkpoints, and what that is worth. */
export interface WitnessSettings {
  readonly witnesses: readonly WitnessPlace[];
  /** So many of them are enough. */
  readonly quorum: number;
  /** Whether only a checkpoint that enough of them have cosigned is published. */
  readonly strict: boolean;
}

const WITNESSES_MAX = 16;

/**
 * `LEDGER_WITNESSES`: pairs of a cosigner's vkey and a URL, separated by commas; a space between the two.
 * `LEDGER_WITNESS_QUORUM`: how many of them are enough; more than half unless said otherwise, so that two quorums have a
 * witness in common. `LEDGER_WITNESS_STRICT`: `on` or `off`.
 */
export function readWitnesses(
  value: (name: string) => string | undefined,
  faults: string[],
): WitnessSettings {
  const pairs =
    value('LEDGER_WITNESSES')
      ?.split(',')
      .map((pair) => pair.trim()) ?? [];
  const witnesses = pairs.flatMap(witnessOf);
  const keys = new Set(witnesses.map(({ vkey }) => parseVkey(vkey).publicKey.toString('hex')));
  if (keys.size !== pairs.length || pairs.length > WITNESSES_MAX)
    faults.push(
      `LEDGER_WITNESSES must be at most ${WITNESSES_MAX} pairs of a cosigner's vkey and an http or https URL, separated by commas, each key once`,
    );
  const quorumText = value('LEDGER_WITNESS_QUORUM');
  const quorum = quorumText === undefined ? Math.floor(pairs.length / 2) + 1 : Number(quorumText);
  if (quorumText !== undefined && (!/^[1-9]\d?$/.test(quorumText) || quorum > pairs.length))
    faults.push('LEDGER_WITNESS_QUORUM must be a number of the LEDGER_WITNESSES, from 1 to all of them');
  const strict = value('LEDGER_WITNESS_STRICT') ?? 'off';
  if (strict !== 'on' && strict !== 'off') faults.push('LEDGER_WITNESS_STRICT must be on or off');
  if (strict === 'on' && pairs.length === 0)
    faults.push('LEDGER_WITNESS_STRICT needs LEDGER_WITNESSES: without any nothing would be published');
  return { witnesses, quorum, strict: strict === 'on' };
}

function witnessOf(pair: string): WitnessPlace[] {
  const [vkey = '', url = '', ...more] = pair.split(/ +/);
  if (more.length > 0 || !isCosigner(vkey) || !/^https?:\/\/[^@]+$/.test(url) || !URL.canParse(url))
    return [];
  return [{ vkey, url: url.replace(/\/$/, '') }];
}

function isCosigner(vkey: string): boolean {
  try {
    return parseVkey(vkey).algorithm === ALGORITHM.cosignature;
  } catch (error) {
    if (error instanceof TransparencyError) return false;
    throw error;
  }
}
