import { CoinageError, durationText } from "../../errors/index.ts";
import { countFlops } from "../../graph/index.ts";
import { readDuration } from "../../options/index.ts";
import { drawingOf } from "../estimate/drawing.ts";
import { LoweredMicroStep } from "../loop/micro-step-program.ts";
import { readPreviews } from "../output/preview-requests.ts";
import type { ComputingDevice } from "../setup/device.ts";
import { type OpenModel, openInputs, type TrainingInputs } from "../setup/inputs.ts";
import { type SettingsOfRecipe, withSettingsOf } from "./apply.ts";
import { forLength } from "./recipes.ts";

/** Duration of a run's steps. */
export interface StepTiming {
  /** Seconds of an optimizer step at the run's image size. */
  readonly perStep: number;
  /** Seconds before the first step, to load networks and cache latents. */
  readonly startUp: number;
}

/** Finds out how long the steps of a run take on a device. */
export type MeasureSteps = (
  settings: SettingsOfRecipe["settings"],
  inputs: TrainingInputs,
  device: ComputingDevice,
  lowered: LoweredMicroStep,
) => Promise<StepTiming>;

/** The recipe of a run with as many steps as --time allows, and smaller images if that is too few. A resumed run keeps its steps.
 *  @throws SETTINGS_CONFLICT if even the smallest images do not allow enough steps */
export async function fitToTime(
  chosen: SettingsOfRecipe,
  model: OpenModel,
  device: ComputingDevice,
  measure: MeasureSteps,
): Promise<SettingsOfRecipe> {
  const { settings, recipe } = chosen;
  const { time } = settings;
  if (time === undefined || !recipe || recipe.isOfState) return chosen;
  const inputs = await openInputs(settings, undefined, model);
  const lowered = new LoweredMicroStep(settings, inputs, device);
  const sides = isSizeFree(chosen, inputs) ? smallerSides(inputs) : [inputs.group.datasets[0]!.plan.resolution[0]];
  const flops = sides.map((side) => flopsAt(side, lowered, inputs));
  const { perStep, startUp } = await measure(settings, inputs, device, lowered);
  const { requests } = await readPreviews(settings, inputs);
  const drawing = drawingOf(settings, inputs, requests);
  // sample images keep the size in their prompts
  const drawingFlops = drawing.interval === undefined ? 0 : drawing.flops / drawing.interval;
  const perFlop = perStep / (flops[0]! * settings.gradientAccumulationSteps);
  const sizes = sides.map((side, i) => ({
    side,
    perStep: (perStep * flops[i]!) / flops[0]! + drawingFlops * perFlop,
  }));
  const box = { seconds: readDuration(time)!, startUp, most: settings.maxTrainSteps };
  const fit = fitSteps(box, sizes);
  if (!fit) throw tooShort(time, box, sizes);
  const fitted = new Map(recipe.values).set("max_train_steps", fit.steps);
  const { step_angle: angle } = forLength(recipe.name, fit.steps);
  if (angle !== undefined && fitted.has("step_angle")) fitted.set("step_angle", angle);
  if (fit.side !== sides[0]) fitted.set("resolution", [fit.side, fit.side]);
  const { warnings, ...rest } = withSettingsOf(settings, { ...recipe, values: fitted, fit: { time, ...fit } });
  return { ...rest, warnings: [...chosen.warnings, ...warnings] };
}

interface TimeBox {
  /** Seconds that the run may take. */
  readonly seconds: number;
  readonly startUp: number;
  /** Steps of the recipe. */
  readonly most: number;
}

interface SizeCost {
  /** Side of the images in pixels. */
  readonly side: number;
  /** Seconds of a step with such images. */
  readonly perStep: number;
}

/** Share of the time for start-up and steps; the rest is for evaluations, the choice at the end and the report. */
const usableShare = 0.85;

/** Fewest steps that learn anything useful. */
const fewestSteps = 60;

/** The largest size that allows half of a recipe's steps, else the smallest if it allows enough. sizes: largest first. */
export function fitSteps(
  { seconds, startUp, most }: TimeBox,
  sizes: readonly SizeCost[],
): (SizeCost & { readonly steps: number }) | undefined {
  const fits = sizes.map((size) => ({
    ...size,
    steps: Math.min(most, Math.floor((usableShare * seconds - startUp) / size.perStep)),
  }));
  const least = Math.min(most, fewestSteps);
  const smallest = fits.at(-1);
  const found = fits.find(({ steps }) => steps >= Math.max(least, most / 2)) ?? smallest;
  return found && found.steps >= least ? found : undefined;
}

function tooShort(time: string, { seconds, startUp, most }: TimeBox, sizes: readonly SizeCost[]): CoinageError {
  const { side, perStep } = sizes.at(-1)!;
  const least = Math.min(most, fewestSteps);
  const needed = durationText(60 * Math.ceil((startUp + least * perStep) / usableShare / 60));
  const smaller = side > smallestSide ? `, smaller images (--resolution ${smallestSide})` : "";
  return new CoinageError(
    "SETTINGS_CONFLICT",
    `In ${durationText(seconds)} this device makes fewer than ${least} steps, too few to learn a word: with images of ${side} pixels a step takes about ${perStep.toPrecision(2)} s, and the start ${durationText(Math.max(1, startUp))}.`,
    { where: `--time ${time}`, hint: `Give it ${needed}${smaller}, or a faster --device.` },
  );
}

/** Smallest side in pixels for training large models. */
const smallestSide = 256;

/** Whether neither the user nor a dataset config sets the image size. */
function isSizeFree({ settings, recipe }: SettingsOfRecipe, { group }: TrainingInputs): boolean {
  const side = (recipe?.values.get("resolution") as readonly number[] | undefined)?.[0];
  return (
    !settings.places.has("resolution") && group.datasets.every(({ plan }) => plan.resolution.every((s) => s === side))
  );
}

/** The side of a run's images, and smaller ones down to half of it. */
function smallerSides({ group }: TrainingInputs): number[] {
  const [side] = group.datasets[0]!.plan.resolution;
  const smaller = [0.75, 0.5].map((share) => 64 * Math.round((share * side) / 64));
  return [side, ...smaller.filter((other) => other >= smallestSide && other < side)];
}

/** Floating point operations of a micro-step with square images. */
function flopsAt(side: number, { graph }: LoweredMicroStep, { group, model }: TrainingInputs): number {
  const size = side / model.vae.architecture.vaeScaleFactor;
  const sizes = { batch: group.datasets[0]!.plan.batchSize, width: size, height: size, vectors: 1 };
  return countFlops([graph.lossSums, ...graph.tokenGradients], new Map(Object.entries(sizes)));
}
