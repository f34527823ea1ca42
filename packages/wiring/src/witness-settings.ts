import { ALGORITHM, parseVkey, TransparencyError } from '@stamp-ledger/transparency';

/** A witness that is asked to cosign the log. */
export interface WitnessSettings {
  readonly vkey: string;
  /** Where `/add-checkpoint` is, without a slash at the end. */
  readonly url: string;
}

const WITNESSES_MAX = 16;

/** `LEDGER_WITNESSES`: pairs of a cosigner's vkey and a URL, separated by commas; a space between the two. */
export function readWitnesses(text: string | undefined, faults: string[]): readonly WitnessSettings[] {
  const pairs = text?.split(',').map((pair) => pair.trim()) ?? [];
  const witnesses = pairs.flatMap(witnessOf);
  if (witnesses.length !== pairs.length || pairs.length > WITNESSES_MAX)
    faults.push(
      `LEDGER_WITNESSES must be at most ${WITNESSES_MAX} pairs of a cosigner's vkey and an http or https URL, separated by commas`,
    );
  return witnesses;
}

function witnessOf(pair: string): WitnessSettings[] {
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
