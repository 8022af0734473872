import type { NdArray } from "../../array/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";
import type { Optimizer, OptimizerState, TableShape } from "../optimizers/index.ts";
import type { VocabularyStatistics } from "../setup/placeholder.ts";
import { LossScale, type LossScaleState } from "./loss-scale.ts";
import type { MicroStepResult } from "./micro-step.ts";
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
  /** Length of each embedding's gradient before clipping, table after table. */
  readonly embeddingGradNorms: readonly number[];
  /** The gradient was NaN or infinite, so nothing was changed. */
  readonly isSkipped: boolean;
}

/** What embeddings and their optimizer are between two steps. */
export interface EmbeddingsState {
  /** [vectors, width] per text encoder. */
  readonly embeddings: readonly NdArray<Float32Array>[];
  readonly optimizer: OptimizerState;
  /** Of a run that computes in float16. */
  readonly lossScale?: LossScaleState | undefined;
}

/** The embeddings of the placeholder tokens, with the optimizer that changes them. */
export class TrainableEmbeddings {
  readonly optimizer: Optimizer;
  readonly #tables: readonly NdArray<Float32Array>[];
  readonly #initial: readonly Float32Array[];
  readonly #maxGradNorm: number;
  readonly #savedLossScale: LossScaleState | undefined;
  #lossScale: LossScale | undefined;

  /** initial: [vectors, width] per text encoder; they are copied. state: what to go on from instead. */
  constructor(
    initial: readonly NdArray<Float32Array>[],
    optimizer: Optimizer,
    maxGradNorm: number,
    state?: EmbeddingsState,
  ) {
    this.optimizer = optimizer;
    this.#tables = (state?.embeddings ?? initial).map((table) => ({ ...table, data: table.data.slice() }));
    this.#initial = initial.map(({ data }) => data.slice());
    this.#maxGradNorm = maxGradNorm;
    this.#savedLossScale = state?.lossScale;
    if (state) optimizer.restore(state.optimizer);
  }

  /** What the model computes with: [vectors, width] per text encoder. */
  get tables(): readonly NdArray<Float32Array>[] {
    return this.#tables;
  }

  /** What is saved and generated with: the averages where the optimizer keeps such.
   *  differs from sd-scripts: embeddings of schedule-free optimizers are saved as the model computes with them.
   *  coinage: embeddings of schedule-free optimizers are saved as the averages that the optimizer keeps.
   *  because: the averages are these optimizers' result. */
  get finished(): readonly NdArray<Float32Array>[] {
    const averaged = this.optimizer.evaluationParameters?.(this.#tables.map(({ data }) => data));
    return this.#tables.map((table, i) => ({ ...table, data: averaged?.[i] ?? table.data.slice() }));
  }

  /** Length of each embedding, table after table. */
  get norms(): number[] {
    return this.#tables.flatMap(rowNorms);
  }

  /** Distance of each embedding from where it started, table after table. */
  get distances(): number[] {
    return this.#tables.flatMap((table, i) =>
      rowNorms({ ...table, data: table.data.map((value, at) => value - this.#initial[i]![at]!) }),
    );
  }

  /** Scales the loss from here on, as networks that compute in float16 need it. */
  useLossScale(): void {
    this.#lossScale = new LossScale(this.#savedLossScale);
  }

  /** Factor of the loss in the next step; undefined where it is not scaled. */
  get lossScale(): number | undefined {
    return this.#lossScale?.value;
  }

  state(): EmbeddingsState {
    return { embeddings: this.#tables, optimizer: this.optimizer.state(), lossScale: this.#lossScale?.state() };
  }

  /** One optimizer step by the summed gradients of its micro-batches, clipped by the norm over every row that a text used.
   *  differs from sd-scripts: without fp16 a gradient that is not finite makes every number of the embeddings NaN.
   *  coinage: a gradient that is not finite changes nothing.
   *  because: one bad step must not undo all the others. */
  step(results: readonly MicroStepResult[], learningRate: number): StepOutcome {
    // in the order of the batches, whichever was computed first: sums of floating point numbers depend on it
    const sums: TableGradient[] = this.#tables.map(() => new Map());
    for (const { gradients } of results)
      for (const [table, gradient] of gradients.entries()) addTable(sums[table]!, gradient);
    const gradNorm = gradientNorm(sums);
    const embeddingGradNorms = this.#tables.flatMap(({ shape }, table) => learnedRowNorms(sums[table]!, shape[0]!));
    const isSkipped = !Number.isFinite(gradNorm);
    if (!isSkipped) this.#optimize(sums, clipFactor(gradNorm, this.#maxGradNorm), learningRate);
    this.#lossScale?.update(!isSkipped);
    return { gradNorm, embeddingGradNorms, isSkipped };
  }

  #optimize(sums: readonly TableGradient[], factor: number, learningRate: number): void {
    const gradients = this.#tables.map(({ shape }, table) => {
      const [count, width] = shape as readonly [number, number];
      return learnedRows(sums[table]!, count, width, factor);
    });
    const frozen = this.optimizer.usesFrozenRows ? sums.map((table) => frozenRows(table, factor)) : undefined;
    const parameters = this.#tables.map(({ data }) => data);
    this.optimizer.step(parameters, gradients, learningRate, frozen);
  }
}

/** Lengths of the rows of [n, width]. */
export function rowNorms({ shape, data }: NdArray<Float32Array>): number[] {
  const [count, width] = shape as readonly [number, number];
  return Array.from({ length: count }, (_, row) => Math.hypot(...data.subarray(row * width, (row + 1) * width)));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Shapes of the tables for the optimizer: the embeddings, and the ordinary tokens' behind them. */
export function tableShapes(
  embeddings: readonly NdArray<Float32Array>[],
  vocabularies: readonly Pick<VocabularyStatistics, "squares">[],
): TableShape[] {
  return embeddings.map(({ shape: [count, columns] }, table) => ({
    rows: count!,
    columns: columns!,
    totalRows: firstPlaceholderId + count!,
    frozenSquares: vocabularies[table]!.squares,
  }));
}
