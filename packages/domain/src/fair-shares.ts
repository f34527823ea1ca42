/** A line of those who wait, as far as it matters for what it gets. */
export interface WaitingLine {
  /** Part of the whole, by the weights of all lines that wait. */
  readonly weight: number;
  readonly waiting: number;
}

/**
 * Splits `budget` among lines by weight. What a line does not need goes to the others by their weights (weighted max-min
 * fairness), so nothing is left over while somebody waits, and nobody gets less because another line is long.
 */
export function fairShares(budget: number, lines: readonly WaitingLine[]): number[] {
  const shares = lines.map(() => 0);
  let open = lines.map((_line, index) => index).filter((index) => (lines[index]?.waiting ?? 0) > 0);
  let left = budget;
  while (open.length > 0 && left > 0) {
    const weights = open.reduce((sum, index) => sum + (lines[index]?.weight ?? 0), 0);
    const partOf = (index: number): number => (left * (lines[index]?.weight ?? 0)) / weights;
    const content = open.filter((index) => (lines[index]?.waiting ?? 0) <= partOf(index));
    if (content.length === 0) {
      for (const index of open) shares[index] = partOf(index);
      return shares;
    }
    for (const index of content) shares[index] = lines[index]?.waiting ?? 0;
    left -= content.reduce((sum, index) => sum + (lines[index]?.waiting ?? 0), 0);
    open = open.filter((index) => !content.includes(index));
  }
  return shares;
}
