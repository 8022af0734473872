/** Layout of a grid of equal tiles, in pixels. */
export interface Geometry {
  readonly columns: number;
  /** Height of a tile. */
  readonly height: number;
  /** Gap between rows. */
  readonly gap: number;
}

/** The visible part of a grid, in pixels. */
export interface Scrolled {
  readonly top: number;
  readonly height: number;
}

/** Rows rendered before and after the visible ones, so that scrolling meets no gap. */
const spareRows = 2;

/** Tiles rendered before the grid is measured: they fill most screens. */
const unmeasured = 30;

/** The tiles to render, as indices in the list: the first, and the one after the last. */
export function windowOf(
  count: number,
  geometry: Geometry | undefined,
  { top, height }: Scrolled,
): readonly [from: number, to: number] {
  if (!geometry) return [0, Math.min(count, unmeasured)];
  const pitch = geometry.height + geometry.gap;
  const rows = Math.ceil(count / geometry.columns);
  // scrolled beyond the end, as after removing many: show the end
  const firstSeen = Math.min(Math.floor(top / pitch), rows - 1);
  const from = Math.max(0, firstSeen - spareRows);
  const to = Math.min(rows, Math.ceil((top + height) / pitch) + spareRows);
  return [from * geometry.columns, Math.min(count, Math.max(to, from + 1) * geometry.columns)];
}
