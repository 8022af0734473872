import path from "node:path";
import { type DatasetWarning, openDataset } from "../../dataset/index.ts";
import { CoinageError } from "../../errors/index.ts";
import {
  type FlagValues,
  flagValues,
  flagWords,
  type SettingsWarning,
  type TrainSettings,
  withDefaults,
} from "../../options/index.ts";
import { PythonRandom } from "../../random/index.ts";
import type { DeviceName } from "../../runtime/index.ts";
import type { RecipeSummary } from "../events.ts";
import { takesAngle } from "../optimizers/index.ts";
import type { OpenModel } from "../setup/inputs.ts";
import type { FoundState, TrainingState } from "../state/index.ts";
import { type Circumstances, chooseRecipe, expandRecipe, type RecipeName } from "./recipes.ts";

/** The recipe of a run. */
export interface ChosenRecipe {
  readonly name: RecipeName;
  /** Why --recipe auto chose it. */
  readonly reason: string | undefined;
  /** Its settings by flag name, also those that the user overrides. */
  readonly values: FlagValues;
  /** Whether the values are from the state that the run resumes from. */
  readonly isOfState: boolean;
  /** Steps and image size chosen for --time. */
  readonly fit: RecipeSummary["fit"];
}

/** Settings with a recipe's values as defaults. */
export interface SettingsOfRecipe {
  readonly settings: TrainSettings;
  /** Warnings about settings from the recipe. */
  readonly warnings: readonly SettingsWarning[];
  readonly recipe: ChosenRecipe | undefined;
}

/** Expands the recipe of a run: for its model, device and images, or as saved in the state that the run resumes from.
 *  @throws STATE_MISMATCH for a state with another recipe, SETTINGS_CONFLICT, and any error in the dataset */
export async function withRecipe(
  settings: TrainSettings,
  model: OpenModel,
  device: DeviceName,
  found?: FoundState,
): Promise<SettingsOfRecipe> {
  const recipe =
    found?.kind === "own" ? recipeOfState(settings, found.state.recipe) : await newRecipe(settings, model, device);
  return recipe ? withSettingsOf(settings, recipe) : { settings, warnings: [], recipe };
}

/** @throws SETTINGS_CONFLICT */
export function withSettingsOf(settings: TrainSettings, recipe: ChosenRecipe): SettingsOfRecipe {
  return { ...withDefaults({ ...settings, recipe: recipe.name }, recipe.values), recipe };
}

/** A recipe as a training state saves it. */
export function savedRecipe({ name, values }: ChosenRecipe): { readonly name: string; readonly flags: string[] } {
  return { name, flags: [...values].flatMap(([flag, value]) => flagWords(flag, value)) };
}

/** The recipe from a state: expanded again it could differ, since images or device may have changed. @throws STATE_MISMATCH */
function recipeOfState(
  { recipe: asked, resume }: TrainSettings,
  saved: TrainingState["recipe"],
): ChosenRecipe | undefined {
  if (asked !== saved?.name && !(asked === "auto" && saved))
    throw new CoinageError(
      "STATE_MISMATCH",
      `This state belongs to another run: --recipe was ${saved?.name ?? "not given"} and is ${asked ?? "not given"}.`,
      {
        where: `--resume ${resume}`,
        hint: `${saved ? `Resume with --recipe ${saved.name}` : "Resume without --recipe"}. To continue with the vectors alone, give the embedding file saved beside it to --weights.`,
      },
    );
  if (!saved) return undefined;
  const reason = asked === "auto" ? "as in the state" : undefined;
  return { name: saved.name as RecipeName, reason, values: flagValues(saved.flags), isOfState: true, fit: undefined };
}

async function newRecipe(
  settings: TrainSettings,
  model: OpenModel,
  device: DeviceName,
): Promise<ChosenRecipe | undefined> {
  const { recipe: asked } = settings;
  if (asked === undefined) return undefined;
  const circumstances = await circumstancesOf(settings, model, device);
  const chosen = asked === "auto" ? chooseRecipe(circumstances, settings) : { name: asked, reason: undefined };
  const values = expandRecipe(chosen.name, circumstances, {
    flags: flagsGiven(settings),
    steps: settings.places.has("max_train_steps") ? settings.maxTrainSteps : undefined,
  });
  if (values.has("step_angle") && settings.update !== "direction") requireAngles(settings);
  return { ...chosen, values, isOfState: false, fit: undefined };
}

/** Given flags that a recipe respects. */
function flagsGiven({ places, update }: TrainSettings): ReadonlySet<string> {
  return new Set([...places.keys()].filter((flag) => flag !== "update" || update === "direction"));
}

/** @throws SETTINGS_CONFLICT if the given optimizer takes no angle and the recipe needs one */
function requireAngles({ optimizerType, places }: TrainSettings): void {
  if (!places.has("optimizer_type") || takesAngle(optimizerType)) return;
  throw new CoinageError(
    "SETTINGS_CONFLICT",
    `The steps of this recipe are angles, and the learning rate of ${optimizerType} does not tell the size of its steps.`,
    {
      where: places.get("optimizer_type")!,
      hint: `Give a --learning_rate for ${optimizerType} as well, or leave --optimizer_type out.`,
    },
  );
}

async function circumstancesOf(
  settings: TrainSettings,
  { checkpoint, model }: OpenModel,
  device: DeviceName,
): Promise<Circumstances> {
  const sampleSize = checkpoint.unet.config?.sample_size;
  return {
    family: checkpoint.family.value,
    predictionType: checkpoint.predictionType.value,
    nativeSide: typeof sampleSize === "number" ? sampleSize * model.vae.architecture.vaeScaleFactor : undefined,
    device: device === "cpu" ? "cpu" : "gpu",
    ...(await surveyImages(settings)),
  };
}

/** Arbitrary size: images are only counted. */
const surveySide = 512;

type Survey = Pick<Circumstances, "images" | "captioned" | "areTurned" | "areTransparent" | "hasPlainFolder">;

/** Properties of the images that recipes depend on. Captions with another extension count only if there are no others. */
async function surveyImages(settings: TrainSettings): Promise<Survey & Pick<Circumstances, "captionExtension">> {
  const { places } = settings;
  const { otherExtension, ...found } = await surveyWith(settings);
  const isGiven = places.has("caption_extension") || places.has("caption_extention");
  if (found.captioned > 0 || otherExtension === undefined || isGiven) return { ...found, captionExtension: undefined };
  const { captioned } = await surveyWith({ ...settings, captionExtension: otherExtension });
  return { ...found, captioned, captionExtension: captioned > 0 ? otherExtension : undefined };
}

async function surveyWith(settings: TrainSettings): Promise<Survey & { readonly otherExtension: string | undefined }> {
  const { datasetConfig, inJson, trainDataDir, imageDir, tokenString } = settings;
  const group = await openDataset(
    {
      ...settings,
      resolution: [surveySide, surveySide],
      ...{ cacheLatents: false, cacheLatentsToDisk: false, cacheInfo: false },
      ...{ useObjectTemplate: false, useStyleTemplate: false },
    },
    { random: new PythonRandom(0) },
  );
  const subjectsOf = (wanted: DatasetWarning["kind"]) =>
    group.warnings.find(({ kind }) => kind === wanted)?.subjects ?? [];
  const images = group.images.filter(({ isReg }) => !isReg);
  const bare = new Set([...subjectsOf("captionFromClass"), ...subjectsOf("captionEmpty")]);
  const [other] = subjectsOf("captionOtherEnding");
  const isPlain = datasetConfig === undefined && inJson === undefined;
  return {
    images: images.length,
    captioned: images.filter(({ path: file, caption }) => !bare.has(file) && caption.includes(tokenString)).length,
    areTurned: subjectsOf("pictureTurned").length > 0,
    areTransparent: isPlain && subjectsOf("pictureTransparent").length > 0,
    hasPlainFolder: isPlain && images.every(({ subset }) => [imageDir, trainDataDir].includes(subset.imageDir)),
    otherExtension: other && path.extname(other),
  };
}
