import { CoinageError } from "../errors/index.ts";

/** How far work on images runs ahead of training: little, so that few are in memory at once. */
export const ahead = {
  /** Batches prepared while another is trained on. */
  batches: 2,
  /** Groups decoded while the VAE encodes another. */
  encodings: 1,
  /** Images decoded at once. */
  pictures: 4,
} as const;

/** The results of `work` for every item, in order, with at most `limit` in progress at once. */
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

const [toldAtMost, hintsAtMost] = [20, 4];

/** As mapBounded, for work that may fail for many items: tries all of them, so that one error reports every failure.
 *  title: the message for several failures. */
export async function mapReportingAll<Item, Result>(
  items: readonly Item[],
  limit: number,
  title: (count: number) => string,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const found: (CoinageError | undefined)[] = items.map(() => undefined);
  const results = await mapBounded(items, limit, (item, index) =>
    work(item).catch((error: unknown) => {
      if (!(error instanceof CoinageError)) throw error;
      found[index] = error;
    }),
  );
  const mistakes = found.filter((error) => error !== undefined);
  const [first] = mistakes;
  if (!first) return results as Result[];
  if (mistakes.length === 1) throw first;
  const told = mistakes.slice(0, toldAtMost).map(({ message }) => message);
  const rest = mistakes.length - told.length;
  const hints = [...new Set(mistakes.flatMap(({ hint }) => hint ?? []))].slice(0, hintsAtMost);
  throw new CoinageError(first.code, title(mistakes.length), {
    where: [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join("\n  "),
    ...(hints.length > 0 && { hint: hints.join("\n") }),
    cause: first,
  });
}

/** Yields the result of `work` for every item, in order, with the next `depth` items already in progress. */
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
    // a failure is reported when its turn comes, if ever
    result.catch(() => {});
    underway.push(result);
  };
  for (let i = 0; i <= depth; i++) startOne();
  while (underway.length > 0) {
    yield await underway.shift()!;
    startOne();
  }
}

/** Runs at most `limit` pieces of work at once; others wait. */
export function inTurns(limit: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
