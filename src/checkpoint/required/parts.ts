import type { StoredArray } from "../../array/index.ts";

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
