import type { StoredArray } from "../../array/index.ts";

export type Config = Readonly<Record<string, unknown>> | undefined;

/** How many parts a network has: those that are seen, and where its config states more, one more, so that it is missed. */
export function countOf(seen: number, stated: unknown): number {
  const count = Array.isArray(stated) ? stated.length : stated;
  return typeof count === "number" && count > seen ? seen + 1 : Math.max(1, seen);
}

export function weightAndBias(stem: string): string[] {
  return [`${stem}.weight`, `${stem}.bias`];
}

/** The tensors of a residual block; the shortcut only where the widths in and out differ. */
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
