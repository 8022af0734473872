import type { Parsed, Rule } from "../checked.ts";
import { readDuration, readNormTarget } from "../option-values.ts";
import type { GivenTrainSettings } from "./table.ts";

/** Settings, and which flags the user gave: a recipe's own settings are no contradictions. */
type Given = Pick<Parsed<GivenTrainSettings>, "settings" | "places">;

/** Largest angle of a step in radians, just below a right angle. */
const largestAngle = 1.5;

/** Contradictions among recipes, updates and evaluation. */
export function learningConflicts(given: Given): Rule[] {
  return [...recipeConflicts(given), ...timeConflicts(given), ...angleConflicts(given), ...updateConflicts(given)];
}

function recipeConflicts({ settings: { recipe, useObjectTemplate, useStyleTemplate } }: Given): Rule[] {
  return [
    {
      when: recipe === "style" && useObjectTemplate && !useStyleTemplate,
      options: ["use_object_template"],
      message: "--recipe style learns how images are made, and the object templates speak of a thing in them.",
      hint: "Leave --use_object_template out, or use --recipe object.",
    },
    {
      when: (recipe === "object" || recipe === "likeness") && useStyleTemplate && !useObjectTemplate,
      options: ["use_style_template"],
      message: `--recipe ${recipe} learns a thing, and the style templates speak of how images are made.`,
      hint: "Leave --use_style_template out, or use --recipe style.",
    },
  ];
}

function timeConflicts({ settings: { recipe, time }, places }: Given): Rule[] {
  const seconds = time === undefined ? undefined : readDuration(time);
  const length = (["max_train_steps", "max_train_epochs"] as const).find((flag) => places.has(flag));
  return [
    {
      when: time !== undefined && recipe === undefined,
      options: ["time"],
      message: "--time fits the steps and the image size of a recipe, but --recipe is not given.",
      hint: "Add --recipe auto.",
    },
    {
      when: time !== undefined && (seconds === undefined || seconds <= 0),
      options: ["time"],
      message: `"${time}" is no time.`,
      hint: "Give hours, minutes or seconds, for example 30m, 2h, 1h30m or 90s.",
    },
    {
      when: time !== undefined && length !== undefined,
      options: ["time", length ?? "max_train_steps"],
      message: `Both --time and --${length} say how long the run is.`,
      hint: "Leave one of them out.",
    },
  ];
}

function angleConflicts({ settings: { stepAngle, update }, places }: Given): Rule[] {
  return [
    {
      when: stepAngle !== undefined && !(stepAngle > 0 && stepAngle <= largestAngle),
      options: ["step_angle"],
      message: `A step cannot turn a vector by ${stepAngle} radians.`,
      hint: `Give an angle above 0 and at most ${largestAngle}; 0.01 to 0.2 is usual.`,
    },
    {
      when: places.has("step_angle") && places.has("learning_rate"),
      options: ["learning_rate", "step_angle"],
      message: "--step_angle is a learning rate as an angle, and --learning_rate is given as well.",
      hint: "Leave one of them out.",
    },
    {
      when: update === "direction" && places.has("learning_rate"),
      options: ["learning_rate"],
      message: "With --update direction the length of a step is an angle, so --learning_rate would do nothing.",
      hint: "Give --step_angle instead, for example 0.04, or use --update optimizer.",
    },
  ];
}

/** Flags of optimizers, which --update direction replaces. */
const optimizerFlags = ["optimizer_type", "optimizer_args", "use_8bit_adam", "use_lion_optimizer"] as const;

function updateConflicts({ settings, places }: Given): Rule[] {
  const { update, normControl, init, initWord, weights, normTarget, priorPull, directionMomentum, rowAverage } =
    settings;
  const isDirection = update === "direction";
  const optimizer = optimizerFlags.find((flag) => places.has(flag));
  return [
    {
      when: isDirection && optimizer !== undefined,
      options: [optimizer ?? "optimizer_type"],
      message: "--update direction has a step of its own, without an optimizer or weight decay.",
      hint: `Leave --${optimizer} out, or use --update optimizer.`,
    },
    {
      when: normControl !== "none" && isDirection,
      options: ["norm_control", "update"],
      message: "--update direction holds the length of the vectors by itself.",
      hint: "Leave --norm_control out; --norm_target says which length.",
    },
    {
      when: normControl !== "none" && init === "output",
      options: ["norm_control", "init"],
      message:
        "The text encoder's output is many times as long as a word's vector, so --norm_control would shrink it to nothing at the first step.",
      hint: "Leave one of them out; --init output --update direction starts in the output's direction at a word's length.",
    },
    {
      when: init === "output" && [initWord, weights, settings.resume].every((start) => start === undefined),
      options: ["init", "init_word"],
      message: "--init output starts from the text encoder's output for --init_word, which is not given.",
      hint: "Add --init_word with a word for what the images show.",
    },
    {
      when: readNormTarget(normTarget) === undefined,
      options: ["norm_target"],
      message: `"${normTarget}" is no length.`,
      hint: "Give vocab, init, a number above 0, or a multiple of the words' mean length such as 1.5x.",
    },
    {
      when: priorPull !== "auto" && !(priorPull.trim() !== "" && Number(priorPull) >= 0),
      options: ["prior_pull"],
      message: `"${priorPull}" is no strength of a pull.`,
      hint: "Give auto or a number from 0 on, for example 1e-4.",
    },
    {
      when: !(directionMomentum < 1),
      options: ["direction_momentum"],
      message: `With a momentum of ${directionMomentum} no new gradient would count.`,
      hint: "Give a number from 0 to below 1, for example 0.9.",
    },
    {
      when: !(rowAverage < 1),
      options: ["row_average"],
      message: `An average with a decay of ${rowAverage} would never change.`,
      hint: "Give a number from 0 to below 1, for example 0.98.",
    },
  ];
}

/** Settings of updates and evaluation that may not do what the user means. */
export function learningWarnings({ settings, places }: Given): Rule[] {
  const { update, normControl, normTarget, keep, rowAverage, init, weights, earlyStop, evalEveryNSteps, recipe } =
    settings;
  // recipes set --keep best unless --keep is given
  const keepsLast = keep === "last" && (recipe === undefined || places.has("keep"));
  const isDirection = update === "direction";
  const ofDirection = (["direction_momentum", "prior_pull"] as const).filter((flag) => places.has(flag));
  const steps = settings.maxTrainEpochs === undefined ? settings.maxTrainSteps : Number.POSITIVE_INFINITY;
  return [
    ...ofDirection.map((flag) => ({
      when: !isDirection,
      options: [flag] as const,
      message: `--${flag} is ignored: it needs --update direction.`,
    })),
    {
      when: places.has("norm_target") && normControl === "none" && !isDirection,
      options: ["norm_target"],
      message: "--norm_target is ignored: it needs --norm_control or --update direction.",
    },
    {
      when: isLong(readNormTarget(normTarget)),
      options: ["norm_target"],
      message: `With --norm_target ${normTarget} the word is many times as long as others, and drowns out the rest of a prompt.`,
    },
    {
      when: settings.holdOut > 0 && keepsLast,
      options: ["hold_out"],
      message: "--hold_out keeps images from training that nothing is chosen by: add --keep best.",
    },
    {
      when: rowAverage > 0 && keepsLast,
      options: ["row_average"],
      message: "--row_average is ignored: the average is only saved with --keep best or --keep both.",
    },
    {
      when: init === "output" && weights !== undefined,
      options: ["init"],
      message: "--init output is ignored: the vectors start from --weights.",
    },
    {
      when: earlyStop && steps <= (evaluationsToStop + 1) * (evalEveryNSteps ?? usualInterval),
      options: ["early_stop"],
      message: `--early_stop never ends a run of ${steps} steps before its last one: it waits for ${evaluationsToStop} evaluations, one every ${evalEveryNSteps ?? usualInterval} steps, and ends the run some steps later. Evaluate more often (--eval_every_n_steps).`,
    },
    {
      when: evalEveryNSteps !== undefined && evalEveryNSteps > steps,
      options: ["eval_every_n_steps"],
      message: `--eval_every_n_steps ${evalEveryNSteps} is longer than the run, so only its start is evaluated.`,
    },
  ];
}

/** Whether a norm is above about three times a word's: text encoders then lose the vector's position. */
function isLong(target: ReturnType<typeof readNormTarget>): boolean {
  if (target === undefined || target === "init") return false;
  return "words" in target ? target.words > 3.5 : target.length > 1.5;
}

/** Fewest evaluations after the warm-up for --early_stop to judge a run. */
export const evaluationsToStop = 6;

/** Steps between evaluations on GPUs. */
const usualInterval = 10;
