/** A priority queue: the item with the least `at` comes out first, the longest waiting one among equals not guaranteed. */
export class Heap<Item extends { readonly at: number }> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    const items = this.#items;
    let index = items.length;
    items.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = items[parent];
      if (above === undefined || above.at <= item.at) break;
      items[index] = above;
      index = parent;
    }
    items[index] = item;
  }

  pop(): Item | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) this.#sink(last);
    return top;
  }

  #sink(item: Item): void {
    const items = this.#items;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const right = items[child + 1];
      let below = items[child];
      if (right !== undefined && below !== undefined && right.at < below.at) {
        child += 1;
        below = right;
      }
      if (below === undefined || below.at >= item.at) break;
      items[index] = below;
      index = child;
    }
    items[index] = item;
  }
}
