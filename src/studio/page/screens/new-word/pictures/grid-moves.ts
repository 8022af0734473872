interface Place {
  readonly at: number;
  readonly columns: number;
  readonly count: number;
}

/** The tile that a key moves to in a grid; undefined for other keys and at edges. */
export function moved(key: string, { at, columns, count }: Place): number | undefined {
  const targets: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns,
    ArrowDown: at + columns,
    Home: 0,
    End: count - 1,
  };
  const target = Object.hasOwn(targets, key) ? targets[key]! : undefined;
  if (target === undefined || count === 0) return undefined;
  // down from a full row to a shorter last one
  const isBelow =
    key === "ArrowDown" && target >= count && Math.floor(at / columns) < Math.floor((count - 1) / columns);
  if (isBelow) return count - 1;
  return target >= 0 && target < count ? target : at;
}
