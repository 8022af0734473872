import { copyOf, type NdArray, rowNorms } from "../../array/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";
import type { Optimizer, OptimizerState, TableShape } from "../optimizers/index.ts";
import type { VocabularyStatistics } from "../setup/placeholder.ts";
import { LossScale, type LossScaleState } from "./loss-scale.ts";
import type { MicroStepResult } from "./micro-step-data.ts";
import { controlNorms, type NormControl, type NormTargets, withNorms } from "./norm-control.ts";
import {
  addGradients,
  clipFactor,
  frozenGradients,
  gradientNorm,
  learnedGradientNorms,
  learnedGradients,
  type TokenGradients,
} from "./token-gradients.ts";

export interface StepOutcome {
  /** Length of the gradient before clipping: at every token that was used, of all text encoders together. */
  readonly gradNorm: number;
  /** Length of each embedding's gradient before clipping, encoder after encoder. */
  readonly embeddingGradNorms: readonly number[];
  /** The gradient was NaN or infinite, so nothing was changed. */
  readonly isSkipped: boolean;
}

/** What embeddings and their optimizer are between two steps. */
export interface EmbeddingsState {
  /** [vectors, width] per text encoder. */
  readonly embeddings: readonly NdArray<Float32Array>[];
  readonly optimizer: OptimizerState;
  /** Scale of the loss, for a run that computes in float16. */
  readonly lossScale?: LossScaleState | undefined;
  /** Their running average, once it has begun. */
  readonly average?: readonly NdArray<Float32Array>[] | undefined;
}

/** What a step does to embeddings beside the optimizer. */
export interface EmbeddingRules {
  /** Limit of the gradient's length; 0 for none. */
  readonly maxGradNorm: number;
  /** Weight of the pull to the initial embeddings: of their mean distance, in the loss. */
  readonly initReg: number;
  readonly normControl: NormControl | undefined;
  /** For each text encoder, the length that a learning rate of 1 means in each number: 1 where it is no angle. */
  readonly lengthPerRate: readonly number[];
  readonly average:
    | {
        /** Share of the earlier average in the next one. */
        readonly decay: number;
        /** Steps before it begins. */
        readonly firstStep: number;
        /** Lengths that averages are brought back to, where embeddings are held at them. */
        readonly lengths: NormTargets | undefined;
      }
    | undefined;
}

/** The embeddings of the placeholder tokens, with the optimizer that changes them. */
export class TrainableEmbeddings {
  readonly optimizer: Optimizer;
  readonly #current: readonly NdArray<Float32Array>[];
  readonly #initial: readonly Float32Array[];
  readonly #rules: EmbeddingRules;
  readonly #savedLossScale: LossScaleState | undefined;
  #lossScale: LossScale | undefined;
  #average: readonly NdArray<Float32Array>[] | undefined;

  /** initial: [vectors, width] per text encoder; they are copied. state: what to go on from instead. */
  constructor(
    initial: readonly NdArray<Float32Array>[],
    optimizer: Optimizer,
    rules: EmbeddingRules,
    state?: EmbeddingsState,
  ) {
    this.optimizer = optimizer;
    this.#current = (state?.embeddings ?? initial).map(copyOf);
    this.#initial = initial.map(({ data }) => data.slice());
    this.#rules = rules;
    this.#average = state?.average?.map(copyOf);
    this.#savedLossScale = state?.lossScale;
    if (state) optimizer.restore(state.optimizer);
  }

  /** What the model computes with: [vectors, width] per text encoder. */
  get current(): readonly NdArray<Float32Array>[] {
    return this.#current;
  }

  /** What is saved and generated with: the averages where the optimizer keeps such.
   *  differs from sd-scripts: embeddings of schedule-free optimizers are saved as the model computes with them.
   *  coinage: embeddings of schedule-free optimizers are saved as the averages that the optimizer keeps.
   *  because: the averages are these optimizers' result. */
  get finished(): readonly NdArray<Float32Array>[] {
    const averaged = this.optimizer.evaluationParameters?.(this.#current.map(({ data }) => data));
    return this.#current.map(({ data, ...array }, i) => ({ ...array, data: averaged?.[i] ?? data.slice() }));
  }

  /** Their running average, undefined before it has begun. */
  get averaged(): readonly NdArray<Float32Array>[] | undefined {
    const lengths = this.#rules.average?.lengths;
    return this.#average?.map((array, encoder) => (lengths ? withNorms(array, lengths[encoder]!) : copyOf(array)));
  }

  /** Whether a step depends on gradients at ordinary tokens: by the norm that it clips to, or by its optimizer. */
  get usesFrozenRows(): boolean {
    return this.#rules.maxGradNorm > 0 || this.optimizer.usesFrozenRows;
  }

  /** Length of each embedding, encoder after encoder. */
  get norms(): number[] {
    return this.#current.flatMap(rowNorms);
  }

  /** Length of each embedding at its start. */
  get initialNorms(): number[] {
    return this.#current.flatMap(({ shape }, i) => rowNorms({ dtype: "float32", shape, data: this.#initial[i]! }));
  }

  /** Distance of each embedding from where it started, encoder after encoder. */
  get distances(): number[] {
    return this.#current.flatMap(({ data, ...array }, i) =>
      rowNorms({ ...array, data: data.map((value, at) => value - this.#initial[i]![at]!) }),
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
    return {
      embeddings: this.#current,
      optimizer: this.optimizer.state(),
      lossScale: this.#lossScale?.state(),
      average: this.#average,
    };
  }

  /** One optimizer step by the summed gradients of its micro-batches, clipped by the norm over every token that a text used.
   *  differs from sd-scripts: without fp16 a gradient that is not finite makes every number of the embeddings NaN.
   *  coinage: a gradient that is not finite changes nothing.
   *  because: one bad step must not undo all the others.
   *  stepsDone: before this one. */
  step(results: readonly MicroStepResult[], learningRate: number, stepsDone: number): StepOutcome {
    // in the order of the batches, whichever was computed first: sums of floating point numbers depend on it
    const sums: TokenGradients[] = this.#current.map(() => new Map());
    for (const { gradients } of results)
      for (const [encoder, gradient] of gradients.entries()) addGradients(sums[encoder]!, gradient);
    if (this.#rules.initReg > 0) this.#pullToInitial(sums);
    const gradNorm = gradientNorm(sums);
    const embeddingGradNorms = this.#current.flatMap(({ shape }, encoder) =>
      learnedGradientNorms(sums[encoder]!, shape[0]!),
    );
    const isSkipped = !Number.isFinite(gradNorm);
    if (!isSkipped) {
      this.#optimize(sums, clipFactor(gradNorm, this.#rules.maxGradNorm), learningRate);
      this.#updateAverage(stepsDone);
    }
    this.#lossScale?.update(!isSkipped);
    return { gradNorm, embeddingGradNorms, isSkipped };
  }

  #optimize(sums: readonly TokenGradients[], factor: number, learningRate: number): void {
    const gradients = this.#current.map(({ shape }, encoder) => {
      const [count, width] = shape as readonly [number, number];
      return learnedGradients(sums[encoder]!, count, width, factor);
    });
    const frozen = this.optimizer.usesFrozenRows ? sums.map((sum) => frozenGradients(sum, factor)) : undefined;
    const parameters = this.#current.map(({ data }) => data);
    this.optimizer.step(parameters, gradients, learningRate, frozen);
    const { normControl, lengthPerRate } = this.#rules;
    if (normControl)
      controlNorms(
        normControl,
        this.#current,
        lengthPerRate.map((length) => length * learningRate),
      );
  }

  /** Adds the gradient of initReg x the embeddings' mean distance from their start. Source: Pang 2023, "Cross Initialization", `train_cross_init.py`. */
  #pullToInitial(sums: readonly TokenGradients[]): void {
    for (const [encoder, { data, shape }] of this.#current.entries()) {
      const [count, width] = shape as readonly [number, number];
      for (let i = 0; i < count; i++) {
        const at = i * width;
        const way = Float64Array.from({ length: width }, (_, k) => data[at + k]! - this.#initial[encoder]![at + k]!);
        const distance = Math.hypot(...way);
        if (distance === 0) continue;
        const gradient = way.map((value) => (this.#rules.initReg * value) / (count * distance));
        addGradients(sums[encoder]!, new Map([[firstPlaceholderId + i, gradient]]));
      }
    }
  }

  #updateAverage(stepsDone: number): void {
    const { average } = this.#rules;
    if (!average || stepsDone < average.firstStep) return;
    this.#average ??= this.#current.map(copyOf);
    for (const [encoder, { data }] of this.#average.entries())
      for (let i = 0; i < data.length; i++)
        data[i] = average.decay * data[i]! + (1 - average.decay) * this.#current[encoder]!.data[i]!;
  }
}

/** The token tables as the optimizer sees them: the embeddings are their learned rows, the ordinary tokens' the frozen ones. */
export function tableShapes(
  embeddings: readonly NdArray<Float32Array>[],
  vocabularies: readonly Pick<VocabularyStatistics, "squares">[],
): TableShape[] {
  return embeddings.map(({ shape: [count, columns] }, encoder) => ({
    rows: count!,
    columns: columns!,
    totalRows: firstPlaceholderId + count!,
    frozenSquares: vocabularies[encoder]!.squares,
  }));
}
