/** How a grid of tiles is laid out, in pixels; all tiles are of one size. */
export interface Geometry {
  readonly columns: number;
  /** Of a tile. */
  readonly height: number;
  /** Between two rows. */
  readonly gap: number;
}

/** What of a grid is seen. */
export interface Scrolled {
  readonly top: number;
  readonly height: number;
}

/** Rows that are there before and after those that are seen, so that a turn of the wheel meets no empty place. */
const spareRows = 2;

/** Tiles that are there before the grid is measured: they fill it on most screens. */
const unmeasured = 30;

/** The tiles that have to be there, by their places in the list: from the first up to, and without, the second. */
export function windowOf(
  count: number,
  geometry: Geometry | undefined,
  { top, height }: Scrolled,
): readonly [from: number, to: number] {
  if (!geometry) return [0, Math.min(count, unmeasured)];
  const pitch = geometry.height + geometry.gap;
  const rows = Math.ceil(count / geometry.columns);
  // what is scrolled farther than the list is long, as after many were removed, shows its end
  const firstSeen = Math.min(Math.floor(top / pitch), rows - 1);
  const from = Math.max(0, firstSeen - spareRows);
  const to = Math.min(rows, Math.ceil((top + height) / pitch) + spareRows);
  return [from * geometry.columns, Math.min(count, Math.max(to, from + 1) * geometry.columns)];
}
