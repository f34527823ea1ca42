/** Results of numbered work in order, with so many under way at once. Ends with the first that rejects. */
export async function* ahead<Result>(
  { count, atOnce }: { readonly count: number; readonly atOnce: number },
  work: (index: number) => Promise<Result>,
): AsyncGenerator<Result> {
  const running: Promise<Result>[] = [];
  const start = (index: number): void => {
    const result = work(index);
    // One that fails is told when its turn comes; until then nobody listens.
    result.catch(() => undefined);
    running.push(result);
  };
  for (let next = 0; next < Math.min(count, atOnce); next++) start(next);
  for (let index = 0; index < count; index++) {
    const first = running.shift();
    if (first === undefined) return;
    if (index + atOnce < count) start(index + atOnce);
    yield await first;
  }
}
