import type { NdArray } from "../array/index.ts";
import type { DatasetGroup } from "../dataset/index.ts";
import type { TrainSettings } from "../options/index.ts";
import type { StepOutcome } from "./learner.ts";
import { meanNorm } from "./statistics.ts";

export interface Sign {
  readonly code: string;
  readonly message: string;
}

/** Signs, before the first step, that a run will not teach the word. Warnings only: settings run as given. */
export function signsBeforeTraining(
  settings: TrainSettings,
  group: DatasetGroup,
  rows: readonly NdArray<Float32Array>[],
  steps: number,
): Sign[] {
  return [tokenInNoCaption(settings, group), pace(settings, rows[0]!, steps)].filter((sign) => sign !== undefined);
}

function tokenInNoCaption(settings: TrainSettings, group: DatasetGroup): Sign | undefined {
  const { tokenString, useObjectTemplate, useStyleTemplate } = settings;
  if (useObjectTemplate || useStyleTemplate) return undefined;
  const images = group.images.filter(({ isReg }) => !isReg);
  const found = images.filter(({ caption }) => caption.includes(tokenString)).length;
  if (found === images.length) return undefined;
  if (found === 0)
    return {
      code: "TOKEN_IN_NO_CAPTION",
      message: `"${tokenString}" stands in none of the ${images.length} captions, so it cannot be learned. Write it into the captions or class_tokens, or use --use_object_template.`,
    };
  return {
    code: "TOKEN_MISSING_IN_CAPTIONS",
    message: `"${tokenString}" is missing in ${images.length - found} of ${images.length} captions; those pictures teach it nothing.`,
  };
}

/** Optimizers that move every number by about the learning rate each step, whatever the gradient's size. */
const rateSizedSteps = /^(|adamw?|adamw8bit|pagedadamw\w*|lion\w*|nadam|radam|adamax)$/i;

/** How far the rows can turn: about lr sqrt(width) / |row| radians a step. */
function pace(settings: TrainSettings, rows: NdArray<Float32Array>, steps: number): Sign | undefined {
  const { learningRate, optimizerType } = settings;
  if (!rateSizedSteps.test(optimizerType) || learningRate === 0) return undefined;
  const angle = (learningRate * Math.sqrt(rows.shape[1]!)) / meanNorm(rows);
  const whole = angle * steps;
  if (whole < 1)
    return {
      code: "LEARNING_RATE_SMALL",
      message: `With a learning rate of ${learningRate} the word can turn by only about ${whole.toPrecision(2)} radians in ${steps} steps; a word is usually taught with 5e-4 to 1e-2.`,
    };
  if (angle > 0.5)
    return {
      code: "LEARNING_RATE_LARGE",
      message: `With a learning rate of ${learningRate} the word turns by about ${angle.toPrecision(2)} radians in the first step alone; a word is usually taught with 5e-4 to 1e-2.`,
    };
  return undefined;
}

/** Signs, after a step, that something is wrong. */
export function signsOfStep({ isSkipped, hasLearnedGradient }: StepOutcome, step: number): Sign[] {
  if (isSkipped)
    return [{ code: "GRADIENT_NOT_FINITE", message: "A gradient was not a finite number; that step changed nothing." }];
  if (hasLearnedGradient || step > 1) return [];
  return [
    { code: "GRADIENT_ZERO", message: "The first step had no gradient at the word: its captions do not contain it." },
  ];
}
