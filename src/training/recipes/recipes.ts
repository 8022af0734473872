import type { Family } from "../../checkpoint/index.ts";
import type { PredictionType } from "../../diffusion/index.ts";
import type { FlagValues, OptionValue, trainTable } from "../../options/index.ts";

export type RecipeName = "quick" | "object" | "style" | "likeness" | "classic";

type Flag = keyof typeof trainTable;

/** Settings by flag name. */
type Row = Readonly<Partial<Record<Flag, OptionValue>>>;

interface Recipe {
  readonly kind: "object" | "style";
  readonly settings: Row;
  /** Sum of the angles of all steps in radians, before the schedule lowers them: with fewer steps, each turns further. Undefined if steps are not angles. */
  readonly turn?: number;
  /** Differences for a family, then for a kind of device. */
  readonly families?: Readonly<Partial<Record<Family, Row>>>;
  readonly devices?: Readonly<Partial<Record<DeviceClass, Row>>>;
  /** Differences for models trained on images smaller than 512 pixels. */
  readonly small?: Row;
  /** Image size as a share of the model's native size. */
  readonly size?: Readonly<Partial<Record<DeviceClass, number>>>;
}

/** Kinds of device that recipes distinguish. */
export type DeviceClass = "cpu" | "gpu";

/** Vectors of fixed norm that turn by falling angles: growing norms would be an unchosen decay of the angle. */
const turning = {
  norm_control: "fixed",
  norm_target: "1.9x",
  lr_scheduler: "cosine",
  timestep_sampling: "stratified",
} as const satisfies Row;

/** Settings shared by all recipes. */
const common = { save_model_as: "safetensors", cache_latents: true, keep: "best" } as const satisfies Row;

/** The recipes, each a row of settings. Turns, norms and timesteps were measured on the small model; sizes and steps for larger models follow published recipes. */
export const recipes: Readonly<Record<RecipeName, Recipe>> = {
  quick: {
    kind: "object",
    settings: {
      ...turning,
      num_vectors_per_token: 2,
      train_batch_size: 4,
      max_train_steps: 200,
      min_timestep: 600,
      eval_every_n_steps: 20,
    },
    turn: 11.5,
    small: { max_train_steps: 75, min_timestep: 800, num_vectors_per_token: 1 },
    size: { cpu: 0.75 },
  },
  object: {
    kind: "object",
    settings: {
      ...turning,
      num_vectors_per_token: 2,
      train_batch_size: 4,
      max_train_steps: 500,
      min_timestep: 400,
      eval_every_n_steps: 25,
    },
    turn: 11.5,
    families: { sdxl: { max_train_steps: 400 } },
    small: { max_train_steps: 300, min_timestep: 800 },
  },
  style: {
    kind: "style",
    settings: {
      ...turning,
      num_vectors_per_token: 2,
      train_batch_size: 8,
      max_train_steps: 600,
      eval_every_n_steps: 20,
    },
    turn: 12,
    devices: { cpu: { train_batch_size: 4 } },
    small: { max_train_steps: 300 },
  },
  likeness: {
    kind: "object",
    settings: {
      update: "direction",
      // the output is many times longer than words' embeddings and would drown the rest of a prompt
      init: "output",
      norm_target: "1.9x",
      prior_pull: "0",
      lr_scheduler: "cosine",
      timestep_sampling: "stratified",
      num_vectors_per_token: 2,
      train_batch_size: 8,
      max_train_steps: 320,
      eval_every_n_steps: 20,
    },
    turn: 11.5,
    devices: { cpu: { train_batch_size: 4 } },
  },
  classic: {
    kind: "object",
    settings: {
      optimizer_type: "AdamW",
      optimizer_args: ["weight_decay=0"],
      learning_rate: 5e-4,
      lr_scheduler: "linear",
      norm_control: "decay",
      num_vectors_per_token: 1,
      train_batch_size: 1,
      gradient_accumulation_steps: 4,
      max_train_steps: 1000,
      eval_every_n_steps: 50,
    },
  },
};

/** What the settings of a recipe depend on. */
export interface Circumstances {
  readonly family: Family;
  readonly predictionType: PredictionType;
  /** Side in pixels of the images the model was trained on, if its config says so. */
  readonly nativeSide: number | undefined;
  readonly device: DeviceClass;
  /** Images of the word, without repeats. */
  readonly images: number;
  /** How many of them have a caption with the word in it. */
  readonly captioned: number;
  /** Extension of the caption files, if there are none with --caption_extension's. */
  readonly captionExtension: string | undefined;
  /** Whether some images are rotated or mirrored by EXIF. */
  readonly areTurned: boolean;
  /** Whether some images are transparent and no setting says how to handle that. */
  readonly areTransparent: boolean;
  /** Whether repeats of the images come from --dataset_repeats. */
  readonly hasPlainFolder: boolean;
}

/** Settings of the user that recipes depend on. */
export interface GivenToRecipe {
  /** Given flags; settings that they replace are left out. */
  readonly flags: ReadonlySet<string>;
  /** Length of the run. */
  readonly steps?: number | undefined;
}

/** The settings of a recipe, by flag name. Pure: the same for the same circumstances. */
export function expandRecipe(
  name: RecipeName,
  circumstances: Circumstances,
  given: GivenToRecipe = { flags: new Set() },
): FlagValues {
  const { settings, families, devices, small, kind, size } = recipes[name];
  const { family, device, captioned, captionExtension, areTurned, areTransparent } = circumstances;
  const native = nativeSideOf(circumstances);
  const row: Row = {
    ...settings,
    ...families?.[family],
    ...devices?.[device],
    ...(native < leastFullSide && small),
  };
  const side = sideFor(native, family, size?.[device] ?? 1);
  const steps = stepsFor(circumstances, row);
  const values: Row = {
    ...row,
    ...common,
    max_train_steps: steps,
    ...forLength(name, given.steps ?? steps),
    resolution: [side, side],
    ...repeatsFor(circumstances, row),
    ...(areTurned && { exif_transpose: true }),
    ...(areTransparent && { alpha_background: "white" }),
    ...(captionExtension !== undefined && { caption_extension: captionExtension }),
    ...(captioned === 0 && { [kind === "style" ? "use_style_template" : "use_object_template"]: true }),
  };
  return new Map(
    Object.entries(values).filter(
      ([flag, value]) => value !== false && !(replacedBy[flag] ?? []).some((other) => given.flags.has(other)),
    ),
  ) as FlagValues;
}

/** Settings that depend on the number of steps: with fewer steps, each turns further. */
export function forLength(name: RecipeName, steps: number): Row {
  const { turn } = recipes[name];
  if (turn === undefined) return {};
  const angle = Math.min(largestAngle, turn / Math.max(1, steps));
  return { step_angle: Number(angle.toPrecision(2)) };
}

/** Largest angle of a step, in radians. */
const largestAngle = 0.3;

/** For settings of a recipe, flags of the user that replace them. */
const replacedBy: Readonly<Record<string, readonly string[]>> = {
  step_angle: ["learning_rate"],
  learning_rate: ["step_angle"],
  max_train_steps: ["max_train_epochs"],
  optimizer_type: ["use_8bit_adam", "use_lion_optimizer"],
  optimizer_args: ["optimizer_type", "use_8bit_adam", "use_lion_optimizer"],
  lr_scheduler: ["lr_scheduler_type"],
  norm_control: ["update"],
  caption_extension: ["caption_extention"],
  use_object_template: ["use_style_template"],
  use_style_template: ["use_object_template"],
  alpha_background: ["alpha_mask"],
  cache_latents: ["color_aug", "random_crop"],
};

const usualSides: Readonly<Record<Family, number>> = { sd1: 512, sd2: 512, sdxl: 1024 };

/** Models trained on images smaller than this are fast at full size, and learn nothing below it. */
const leastFullSide = 512;

function nativeSideOf({ family, predictionType, nativeSide }: Circumstances): number {
  return nativeSide ?? (family === "sd2" && predictionType === "v_prediction" ? 768 : usualSides[family]);
}

function sideFor(native: number, family: Family, share: number): number {
  // at full size SDXL takes twice the work, and more memory than many GPUs have
  const part = family === "sdxl" ? share * 0.75 : share;
  return native < leastFullSide ? native : Math.round((native * part) / 64) * 64;
}

/** Least views of every image, if that takes no more than twice a recipe's steps. */
const leastViews = 8;

function stepsFor({ images }: Circumstances, row: Row): number {
  const steps = Number(row.max_train_steps);
  return Math.min(2 * steps, Math.max(steps, Math.ceil((leastViews * images) / perStepOf(row))));
}

function perStepOf(row: Row): number {
  return Number(row.train_batch_size) * Number(row.gradient_accumulation_steps ?? 1);
}

/** Repeats of the images: they fill the last batch of an epoch, and make epochs of at least ten steps. */
function repeatsFor({ images, hasPlainFolder }: Circumstances, row: Row): Row {
  if (!hasPlainFolder || images === 0) return {};
  const perStep = perStepOf(row);
  const filling = perStep / greatestCommonDivisor(images, perStep);
  const repeats = filling * Math.ceil((stepsPerEpoch * perStep) / (images * filling));
  return repeats === 1 ? {} : { dataset_repeats: repeats };
}

const stepsPerEpoch = 10;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Init words that name a style or medium. */
const styleWords =
  /\b(style|art|artwork|painting|paintings|drawing|drawings|sketch|sketches|illustration|illustrations|watercolou?r|comic|cartoon|anime|engraving|woodcut|etching|render|photography)\b/i;

/** The recipe for --recipe auto, and why. */
export function chooseRecipe(
  { device, images }: Pick<Circumstances, "device" | "images">,
  { initWord, useStyleTemplate }: { readonly initWord?: string | undefined; readonly useStyleTemplate: boolean },
): { readonly name: RecipeName; readonly reason: string } {
  const count = `${images} ${images === 1 ? "image" : "images"}`;
  if (useStyleTemplate) return { name: "style", reason: "--use_style_template is given" };
  if (styleWords.test(initWord ?? ""))
    return { name: "style", reason: `"${initWord}" names a style; for a thing use --recipe object` };
  const hint = "for a style use --recipe style, for a face --recipe likeness";
  if (device === "cpu") return { name: "quick", reason: `${count}, on a processor; ${hint}` };
  return { name: "object", reason: `${count}, on a GPU; ${hint}` };
}
