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
  /** Norm of the gradient before clipping: at every token used, over all text encoders. */
  readonly gradNorm: number;
  /** Norm of each embedding's gradient before clipping, encoder after encoder. */
  readonly embeddingGradNorms: readonly number[];
  /** The gradient was NaN or infinite, so the step changed nothing. */
  readonly isSkipped: boolean;
}

/** State of the embeddings and their optimizer between two steps. */
export interface EmbeddingsState {
  /** [vectors, width] per text encoder. */
  readonly embeddings: readonly NdArray<Float32Array>[];
  readonly optimizer: OptimizerState;
  /** Loss scale, if the run computes in float16. */
  readonly lossScale?: LossScaleState | undefined;
  /** Running average of the embeddings, once it has begun. */
  readonly average?: readonly NdArray<Float32Array>[] | undefined;
}

/** What a step does to embeddings besides the optimizer's update. */
export interface EmbeddingRules {
  /** Limit of the gradient's norm; 0: none. */
  readonly maxGradNorm: number;
  /** Weight in the loss of the mean distance from the initial embeddings. */
  readonly initReg: number;
  readonly normControl: NormControl | undefined;
  /** Per text encoder, the change of each number at a learning rate of 1; 1 unless the learning rate is an angle. */
  readonly lengthPerRate: readonly number[];
  readonly average:
    | {
        /** Share of the previous average in the next one. */
        readonly decay: number;
        /** Steps before the average begins. */
        readonly firstStep: number;
        /** Norms that averages are rescaled to, if embeddings are held at them. */
        readonly lengths: NormTargets | undefined;
      }
    | undefined;
}

/** The embeddings of the placeholder tokens, with their optimizer. */
export class TrainableEmbeddings {
  readonly optimizer: Optimizer;
  readonly #current: readonly NdArray<Float32Array>[];
  readonly #initial: readonly Float32Array[];
  readonly #rules: EmbeddingRules;
  readonly #savedLossScale: LossScaleState | undefined;
  #lossScale: LossScale | undefined;
  #average: readonly NdArray<Float32Array>[] | undefined;

  /** initial: [vectors, width] per text encoder; they are copied. state: to resume from instead. */
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

  /** The embeddings that the model computes with: [vectors, width] per text encoder. */
  get current(): readonly NdArray<Float32Array>[] {
    return this.#current;
  }

  /** The embeddings to save and to generate with: the optimizer's averages, if it keeps them.
   *  differs from sd-scripts: embeddings of schedule-free optimizers are saved as the model computes with them.
   *  coinage: embeddings of schedule-free optimizers are saved as the averages that the optimizer keeps.
   *  because: the averages are these optimizers' result. */
  get finished(): readonly NdArray<Float32Array>[] {
    const averaged = this.optimizer.evaluationParameters?.(this.#current.map(({ data }) => data));
    return this.#current.map(({ data, ...array }, i) => ({ ...array, data: averaged?.[i] ?? data.slice() }));
  }

  /** Running average; undefined before it has begun. */
  get averaged(): readonly NdArray<Float32Array>[] | undefined {
    const lengths = this.#rules.average?.lengths;
    return this.#average?.map((array, encoder) => (lengths ? withNorms(array, lengths[encoder]!) : copyOf(array)));
  }

  /** Whether a step depends on gradients at ordinary tokens: through clipping or through its optimizer. */
  get usesFrozenRows(): boolean {
    return this.#rules.maxGradNorm > 0 || this.optimizer.usesFrozenRows;
  }

  /** Norm of each embedding, encoder after encoder. */
  get norms(): number[] {
    return this.#current.flatMap(rowNorms);
  }

  /** Norm of each initial embedding. */
  get initialNorms(): number[] {
    return this.#current.flatMap(({ shape }, i) => rowNorms({ dtype: "float32", shape, data: this.#initial[i]! }));
  }

  /** Distance of each embedding from its start, encoder after encoder. */
  get distances(): number[] {
    return this.#current.flatMap(({ data, ...array }, i) =>
      rowNorms({ ...array, data: data.map((value, at) => value - this.#initial[i]![at]!) }),
    );
  }

  /** Turns on loss scaling, for networks that compute in float16. */
  useLossScale(): void {
    this.#lossScale = new LossScale(this.#savedLossScale);
  }

  /** Factor of the loss in the next step; undefined without loss scaling. */
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

  /** One optimizer step by the summed gradients of its micro-batches, clipped by the norm over every token used.
   *  differs from sd-scripts: without fp16 a gradient that is not finite makes every number of the embeddings NaN.
   *  coinage: a gradient that is not finite changes nothing.
   *  because: one bad step must not undo all the others.
   *  stepsDone: before this one. */
  step(results: readonly MicroStepResult[], learningRate: number, stepsDone: number): StepOutcome {
    // in batch order, whichever was computed first: sums of floating-point numbers depend on it
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

  /** Adds the gradient of initReg x mean distance of the embeddings from their start. Source: Pang 2023, "Cross Initialization", `train_cross_init.py`. */
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

/** The token tables for the optimizer: placeholder tokens are learned rows, ordinary tokens frozen ones. */
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
