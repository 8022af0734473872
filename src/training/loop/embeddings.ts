import type { NdArray } from "../../array/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";
import type { Optimizer, OptimizerState, TableShape } from "../optimizers/index.ts";
import type { Vocabulary } from "../setup/placeholder.ts";
import type { MicroStepResult } from "./micro-step.ts";
import { rowLengths } from "./statistics.ts";
import {
  addTable,
  clipFactor,
  frozenRows,
  gradientNorm,
  learnedRowNorms,
  learnedRows,
  type TableGradient,
} from "./table-gradient.ts";

export interface StepOutcome {
  /** Length of the whole tables' gradient before clipping. */
  readonly gradNorm: number;
  /** Length of each learned row's gradient before clipping, table after table. */
  readonly rowGradNorms: readonly number[];
  /** The gradient was NaN or infinite, so nothing was changed. */
  readonly isSkipped: boolean;
}

/** The learned rows with the gradients gathered for them since the last step. */
export class Learner {
  readonly optimizer: Optimizer;
  readonly #rows: readonly NdArray<Float32Array>[];
  readonly #initial: readonly Float32Array[];
  readonly #maxGradNorm: number;
  #gradients: TableGradient[];

  /** initialRows: [vectors, width] per text encoder; they are copied. */
  constructor(initialRows: readonly NdArray<Float32Array>[], optimizer: Optimizer, maxGradNorm: number) {
    this.optimizer = optimizer;
    this.#rows = initialRows.map((rows) => ({ ...rows, data: rows.data.slice() }));
    this.#initial = initialRows.map(({ data }) => data.slice());
    this.#maxGradNorm = maxGradNorm;
    this.#gradients = initialRows.map(() => new Map());
  }

  /** What the model computes with. */
  get rows(): readonly NdArray<Float32Array>[] {
    return this.#rows;
  }

  /** What is saved and drawn with: the averaged rows where the optimizer keeps such.
   *  differs from sd-scripts: it saves the rows of schedule-free optimizers as the model computes with them, which are not meant for use. */
  get finishedRows(): readonly NdArray<Float32Array>[] {
    const averaged = this.optimizer.evaluationParameters?.(this.#rows.map(({ data }) => data));
    return this.#rows.map((rows, i) => ({ ...rows, data: averaged?.[i] ?? rows.data.slice() }));
  }

  /** Length of each row, table after table. */
  get rowNorms(): number[] {
    return this.#rows.flatMap(rowLengths);
  }

  /** Distance of each row from where it started, table after table. */
  get rowDistances(): number[] {
    return this.#rows.flatMap((rows, table) =>
      rowLengths({ ...rows, data: rows.data.map((value, i) => value - this.#initial[table]![i]!) }),
    );
  }

  /** Goes on from rows and optimizer as they stood between two steps. */
  restore(rows: readonly NdArray<Float32Array>[], optimizer: OptimizerState): void {
    for (const [table, { data }] of rows.entries()) this.#rows[table]!.data.set(data);
    this.optimizer.restore(optimizer);
  }

  gather({ gradients }: MicroStepResult): void {
    for (const [table, gradient] of gradients.entries()) addTable(this.#gradients[table]!, gradient);
  }

  /** Clips by the norm over every row that was used and steps.
   *  differs from sd-scripts: a gradient that is no number changes nothing; without fp16 it would make every number of the word NaN. */
  step(learningRate: number): StepOutcome {
    const tables = this.#gradients;
    this.#gradients = tables.map(() => new Map());
    const gradNorm = gradientNorm(tables);
    const rowGradNorms = this.#rows.flatMap(({ shape }, table) => learnedRowNorms(tables[table]!, shape[0]!));
    if (!Number.isFinite(gradNorm)) return { gradNorm, rowGradNorms, isSkipped: true };
    const factor = clipFactor(gradNorm, this.#maxGradNorm);
    const gradients = this.#rows.map(({ shape }, table) => {
      const [count, width] = shape as readonly [number, number];
      return learnedRows(tables[table]!, count, width, factor);
    });
    const frozen = this.optimizer.usesFrozenRows ? tables.map((table) => frozenRows(table, factor)) : undefined;
    this.optimizer.step(
      this.#rows.map(({ data }) => data),
      gradients,
      learningRate,
      frozen,
    );
    return { gradNorm, rowGradNorms, isSkipped: false };
  }
}

/** Shapes of the tables for the optimizer: learned rows, and the ordinary ones behind them. */
export function tableShapes(
  rows: readonly NdArray<Float32Array>[],
  vocabularies: readonly Pick<Vocabulary, "squares">[],
): TableShape[] {
  return rows.map(({ shape: [count, columns] }, table) => ({
    rows: count!,
    columns: columns!,
    totalRows: firstPlaceholderId + count!,
    frozenSquares: vocabularies[table]!.squares,
  }));
}
