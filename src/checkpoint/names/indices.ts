export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** How many different numbers follow a prefix in the names, as in `prefixN.`.
 *  Counting them, not trusting the largest, keeps a made-up name from asking for a million blocks. */
export function countAfter(names: Iterable<string>, prefix: string): number {
  const numbers = new Set<string>();
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const number = /^\d+(?=\.)/.exec(name.slice(prefix.length));
    if (number) numbers.add(number[0]);
  }
  return numbers.size;
}
