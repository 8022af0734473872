import { rowNorms } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { parsePythonArguments, readNormTarget, type TrainSettings } from "../../options/index.ts";
import { type EmbeddingRules, tableShapes } from "../loop/embeddings.ts";
import type { NormControl, NormTargets } from "../loop/norm-control.ts";
import {
  chooseOptimizer,
  createOptimizer,
  directionOptimizer,
  type Optimizer,
  type OptimizerChoice,
  takesAngle,
  turningByAngle,
} from "../optimizers/index.ts";
import type { PreparedPlaceholder } from "./placeholder.ts";

/** How a run updates its embeddings. */
export interface Updates {
  /** The optimizer's name and arguments. */
  readonly choice: OptimizerChoice;
  readonly optimizer: Optimizer;
  readonly rules: EmbeddingRules;
}

type Placeholder = Pick<PreparedPlaceholder, "initialEmbeddings" | "vocabularies">;

/** The optimizer of a run, and what steps do to embeddings besides it. steps: of the whole run.
 *  @throws OPTIMIZER_UNKNOWN, OPTIMIZER_ARGS, SETTINGS_CONFLICT */
export function updatesOf(settings: TrainSettings, placeholder: Placeholder, steps: number): Updates {
  const { initialEmbeddings, vocabularies } = placeholder;
  const { update, stepAngle, maxGradNorm, rowAverage, initReg } = settings;
  const isDirection = update === "direction";
  const tables = tableShapes(initialEmbeddings, vocabularies);
  const given = chooseOptimizer({ ...settings, optimizerArgs: parsePythonArguments(settings.optimizerArgs ?? []) });
  const targets = normTargets(settings, placeholder);
  const holdsLength = isDirection || settings.normControl === "fixed";
  if (!isDirection && stepAngle !== undefined && !takesAngle(given.name)) throw noAngle(given.name, stepAngle);
  const choice: OptimizerChoice = isDirection ? { name: "direction", args: {}, learningRate: "schedule" } : given;
  return {
    choice,
    optimizer: isDirection
      ? directionOptimizer(
          { lengths: targets, momentum: settings.directionMomentum, priorPull: priorPull(settings) },
          tables,
        )
      : stepAngle === undefined
        ? createOptimizer(given, tables)
        : turningByAngle(createOptimizer(given, tables), tables),
    rules: {
      // clipping would only change the weight of the pull to the start
      maxGradNorm: isDirection ? 0 : maxGradNorm,
      initReg,
      normControl: normControl(settings, targets, vocabularies),
      lengthPerRate: initialEmbeddings.map(({ shape }, encoder) =>
        stepAngle === undefined ? 1 : targets[encoder]![0]! / Math.sqrt(shape[1]!),
      ),
      average:
        rowAverage > 0
          ? { decay: rowAverage, firstStep: Math.floor(steps / 5), lengths: holdsLength ? targets : undefined }
          : undefined,
    },
  };
}

/** The norm that --norm_target sets, for each embedding of each text encoder. */
export function normTargets(
  { normTarget }: Pick<TrainSettings, "normTarget">,
  { initialEmbeddings, vocabularies }: Placeholder,
): NormTargets {
  const target = readNormTarget(normTarget)!;
  return initialEmbeddings.map((embeddings, encoder) => {
    const norms = rowNorms(embeddings);
    if (target === "init") return norms;
    return norms.map(() => ("length" in target ? target.length : target.words * vocabularies[encoder]!.wordNorm));
  });
}

function normControl(
  { normControl: kind }: TrainSettings,
  targets: NormTargets,
  vocabularies: Placeholder["vocabularies"],
): NormControl | undefined {
  if (kind === "none") return undefined;
  return kind === "std" ? { kind, deviations: vocabularies.map(({ deviation }) => deviation) } : { kind, targets };
}

function priorPull({ priorPull: given }: TrainSettings): number | "auto" {
  return given === "auto" ? given : Number(given);
}

function noAngle(optimizer: string, angle: number): CoinageError {
  return new CoinageError(
    "SETTINGS_CONFLICT",
    `The learning rate of ${optimizer} does not tell the size of its steps, so it cannot be an angle.`,
    {
      where: `--step_angle ${angle}`,
      hint: "Use --optimizer_type AdamW, Lion or another optimizer that moves every number by about the learning rate, or --learning_rate instead.",
    },
  );
}
