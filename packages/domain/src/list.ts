/** Whether both are absent, or hold the same items in the same order. */
export function sameList<Item>(a: readonly Item[] | undefined, b: readonly Item[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((item, place) => item === b[place]);
}
