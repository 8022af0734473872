/** Prints rows of equal length with their cells one under another. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    );
  console.log("");
}

export const seconds = (value: number) => `${value.toFixed(value < 1 ? 3 : 1)} s`;
export const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
