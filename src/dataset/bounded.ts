/** What `work` makes of every item, in order, with at most `limit` under way at once. */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

/** Yields what `work` makes of every item, in order, with the next `depth` items already under way. */
export async function* workAhead<Item, Result>(
  items: Iterable<Item>,
  depth: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underway: Promise<Result>[] = [];
  const rest = items[Symbol.iterator]();
  const startOne = () => {
    const { value, done } = rest.next();
    if (done) return;
    const result = work(value);
    // A failure is reported when its turn comes, or never when nobody asks any more.
    result.catch(() => {});
    underway.push(result);
  };
  for (let i = 0; i <= depth; i++) startOne();
  while (underway.length > 0) {
    yield await underway.shift()!;
    startOne();
  }
}
