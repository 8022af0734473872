import { firstPlaceholderId } from "../../models/index.ts";

/** Gradients of the rows of an embedding table, by token id. Rows that no text used are not there. */
export type TableGradient = Map<number, Float64Array>;

/** Adds the gradients at token positions, times a factor, to the rows of their ids, in order of position. positions: [tokens, width]. */
export function addPositions(table: TableGradient, ids: readonly number[], positions: Float32Array, factor = 1): void {
  const width = positions.length / ids.length;
  ids.forEach((id, position) => {
    let row = table.get(id);
    if (!row) {
      row = new Float64Array(width);
      table.set(id, row);
    }
    for (let i = 0; i < width; i++) row[i]! += factor * positions[position * width + i]!;
  });
}

/** Adds one table's rows to another's. */
export function addTable(table: TableGradient, other: TableGradient): void {
  for (const [id, gradient] of other) {
    const row = table.get(id);
    if (row) for (let i = 0; i < row.length; i++) row[i]! += gradient[i]!;
    else table.set(id, gradient.slice());
  }
}

/** The length (norm) of the gradient of all tables together, learned embeddings and ordinary tokens' alike, by which they are clipped.
 *  differs from sd-scripts: with SDXL, only the second text encoder's gradient is clipped, by its own norm.
 *  coinage: with SDXL, the gradients of both text encoders are clipped by their common norm.
 *  because: --max_grad_norm limits the whole step. */
export function gradientNorm(tables: readonly TableGradient[]): number {
  let squares = 0;
  for (const table of tables) for (const row of table.values()) for (const value of row) squares += value * value;
  return Math.sqrt(squares);
}

/** The length of each learned embedding's gradient; 0 where no text used it. */
export function learnedRowNorms(table: TableGradient, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.hypot(...(table.get(firstPlaceholderId + i) ?? [])));
}

/** The factor that limits a gradient of this norm; a limit of 0 switches clipping off. Source: torch.nn.utils.clip_grad_norm_. */
export function clipFactor(norm: number, maxNorm: number): number {
  return maxNorm === 0 ? 1 : Math.min(1, maxNorm / (norm + 1e-6));
}

/** The learned embeddings' part of a gradient, times a factor, one row after another; zero where no text used them. */
export function learnedRows(table: TableGradient, count: number, width: number, factor: number): Float32Array {
  const rows = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const row = table.get(firstPlaceholderId + i);
    if (row)
      rows.set(
        row.map((value) => value * factor),
        i * width,
      );
  }
  return rows;
}

/** The ordinary tokens' part of a gradient, times a factor. */
export function frozenRows(table: TableGradient, factor: number): Map<number, Float32Array> {
  const frozen = [...table].filter(([id]) => id < firstPlaceholderId);
  return new Map(frozen.map(([id, row]) => [id, Float32Array.from(row, (value) => value * factor)]));
}
