type Step<In, Out> =
  | { readonly kind: 'item'; readonly next: IteratorResult<In> }
  | { readonly kind: 'result'; readonly value: Out };

/**
 * Maps with at most `width` calls under way and yields the results in the order of the source, each as soon as it and
 * all before it are there. Neither the source nor the results are ever held in full. The first failure ends it.
 */
export async function* concurrently<In, Out>(
  source: AsyncIterable<In>,
  width: number,
  map: (item: In) => Promise<Out>,
): AsyncGenerator<Out> {
  const iterator = source[Symbol.asyncIterator]();
  const underWay: Promise<Step<In, Out>>[] = [];
  let item: Promise<Step<In, Out>> | undefined = nextItem<In, Out>(iterator);
  while (item !== undefined || underWay.length > 0) {
    const candidates = underWay.slice(0, 1);
    if (item !== undefined && underWay.length < width) candidates.push(item);
    const step = await Promise.race(candidates);
    if (step.kind === 'result') {
      underWay.shift();
      yield step.value;
    } else if (step.next.done === true) {
      item = undefined;
    } else {
      underWay.push(quiet(map(step.next.value).then((value) => ({ kind: 'result', value }))));
      item = nextItem(iterator);
    }
  }
}

const nextItem = <In, Out>(iterator: AsyncIterator<In>): Promise<Step<In, Out>> =>
  quiet(iterator.next().then((next) => ({ kind: 'item', next })));

/** A failure counts when its turn comes, not before. */
function quiet<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => undefined);
  return promise;
}
