const WAIT = /^wait[ \t]*=[ \t]*"?(\d{1,9})"?$/i;

/** Seconds of `Prefer: wait=N` (RFC 7240), at most `most`; 0 without the preference. What is not understood is ignored. */
export function preferredWait(header: string | string[] | undefined, most: number): number {
  if (header === undefined) return 0;
  for (const preference of String(header).split(',')) {
    const seconds = WAIT.exec(preference.trim())?.[1];
    if (seconds !== undefined) return Math.min(Number(seconds), most);
  }
  return 0;
}
