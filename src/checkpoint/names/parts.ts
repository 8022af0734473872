import type { StoredArray } from "../../array/index.ts";
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The number of different numbers that follow a prefix in the names, as in `prefixN.`.
 *  Counted, because the largest one of a made-up name could ask for a million blocks. */
export function countAfter(names: Iterable<string>, prefix: string): number {
  const numbers = new Set<string>();
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const number = /^\d+(?=\.)/.exec(name.slice(prefix.length));
    if (number) numbers.add(number[0]);
  }
  return numbers.size;
}

export type Config = Readonly<Record<string, unknown>> | undefined;

/** The number of parts of a network: those found, plus one if its config states more, so that the missing one is reported. */
export function countOf(seen: number, stated: unknown): number {
  const count = Array.isArray(stated) ? stated.length : stated;
  return typeof count === "number" && count > seen ? seen + 1 : Math.max(1, seen);
}

export function weightAndBias(stem: string): string[] {
  return [`${stem}.weight`, `${stem}.bias`];
}

/** The tensors of a residual block; with a shortcut only if the widths in and out differ. */
export function residualBlock(
  found: ReadonlyMap<string, StoredArray>,
  block: string,
  parts: readonly string[],
): string[] {
  const widthIn = found.get(`${block}.norm1.weight`)?.shape[0];
  const widthOut = found.get(`${block}.conv1.weight`)?.shape[0];
  const names = parts.flatMap((part) => weightAndBias(`${block}.${part}`));
  return widthIn === widthOut ? names : [...names, ...weightAndBias(`${block}.conv_shortcut`)];
}
