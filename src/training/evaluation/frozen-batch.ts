import { arrayOf, concatenate, type NdArray, stack } from "../../array/index.ts";
import type { DatasetGroup, TrainingImage } from "../../dataset/index.ts";
import { noisyLatents, numTrainTimesteps, type TimestepRange, velocity } from "../../diffusion/index.ts";
import { textFeeds } from "../../models/index.ts";
import { TorchGenerator } from "../../random/index.ts";
import type { DeviceName, Program } from "../../runtime/index.ts";
import { type MicroStepContext, type SampleContext, samplesOf } from "../loop/micro-step.ts";
import type { MicroStepSamples } from "../loop/micro-step-data.ts";
import type { TrainingInputs } from "../setup/inputs.ts";
import type { VaeEncoder } from "../setup/vae-encoder.ts";
import { itemsAtOnce } from "./timing.ts";

/** An item of a frozen batch: an image with a caption, a timestep and noise. */
interface FrozenItem {
  readonly image: TrainingImage;
  /** Selects among the caption's templates or lines; with flips, odd numbers are mirrored. */
  readonly number: number;
  readonly timestep: number;
  /** [4,h,w] */
  readonly noise: NdArray<Float32Array>;
}

/** Items of one size, batched for the networks. */
interface FrozenPart {
  /** Indices of the items in the batch. */
  readonly places: readonly number[];
  readonly tokenIds: MicroStepSamples["tokenIds"];
  /** All inputs except the text. */
  readonly feeds: Readonly<Record<string, NdArray>>;
  /** Elements of one sample's prediction. */
  readonly elements: number;
}

/** Items whose random numbers are drawn once, so that losses differ by the embeddings alone. */
export interface FrozenBatch {
  readonly timesteps: readonly number[];
  readonly parts: readonly FrozenPart[];
}

/** Purpose of a batch: to follow a run, to choose at its end, or to find an init word. Batches of different purposes share no noise. */
type Purpose = "following" | "choosing" | "starting";

/** Different seeds and timestep offsets, so that the choice is not made on the batch that was followed. */
const purposes: Readonly<Record<Purpose, { readonly key: number; readonly offset: number }>> = {
  following: { key: 0x65766131, offset: 0.5 },
  choosing: { key: 0x65766132, offset: 0.25 },
  starting: { key: 0x65766133, offset: 0.5 },
};

/** The timesteps of a batch: the trained range in `count` equal parts, one timestep at `offset` in each (0.5: the middle). */
export function frozenTimesteps(
  count: number,
  { minTimestep = 0, maxTimestep = numTrainTimesteps }: TimestepRange = {},
  offset = 0.5,
): number[] {
  const range = Math.max(0, maxTimestep - minTimestep);
  return Array.from({ length: count }, (_, j) => minTimestep + Math.floor(((j + offset) * range) / count));
}

interface FrozenPlan {
  readonly purpose: Purpose;
  readonly count: number;
  /** Sizes of consecutive groups of items that can be measured without later ones; the timesteps of each are spread. Default: one group. */
  readonly groups?: readonly number[];
  /** Seed of the run. */
  readonly seed: number;
  readonly images: readonly TrainingImage[];
  readonly range: TimestepRange;
  /** Pixels per latent element along a side. */
  readonly vaeScaleFactor: number;
  readonly latentChannels: number;
}

/** The items of a batch: images in a fixed random order, repeated as needed, with spread timesteps permuted against them. Has its own generator. */
function drawItems({ purpose, count, groups, seed, images, range, ...sizes }: FrozenPlan): FrozenItem[] {
  const { key, offset } = purposes[purpose];
  const generator = new TorchGenerator((seed ^ key) >>> 0);
  const order = generator.randperm(images.length);
  const timesteps = frozenTimesteps(count, range, offset);
  const places = groups ? Array.from({ length: count }, (_, i) => spreadPlace(i, count)) : generator.randperm(count);
  const permuted = places.map((place) => timesteps[place]!);
  return permuted.map((timestep, number) => {
    const image = images[order[number % images.length]!]!;
    const [width, height] = image.bucket.map((side) => side / sizes.vaeScaleFactor) as [number, number];
    return { image, number, timestep, noise: generator.randn([sizes.latentChannels, height, width]) };
  });
}

/** Bit-reversed i, for i in 0 ... count - 1 (a power of two): every prefix of this order is spread over the range. */
function spreadPlace(i: number, count: number): number {
  let place = 0;
  for (let bit = 1, mirrored = count / 2; bit < count; bit *= 2, mirrored /= 2) if (i & bit) place += mirrored;
  return place;
}

/** Inputs of a frozen batch. */
interface FrozenSource {
  readonly inputs: Pick<TrainingInputs, "group" | "replacements" | "seed">;
  readonly sampleContext: SampleContext;
  readonly microStepContext: Omit<MicroStepContext, "program">;
  readonly range: TimestepRange;
  /** Encodes images without cached latents. */
  readonly vae: VaeEncoder | undefined;
  readonly device: DeviceName;
}

/** The training images, each once, without regularisation images. */
export function learnedImages({ images }: Pick<DatasetGroup, "images">): TrainingImage[] {
  const seen = new Map<string, TrainingImage>();
  for (const image of images) if (!image.isReg && !seen.has(image.path)) seen.set(image.path, image);
  return [...seen.values()];
}

/** Prepares a frozen batch. Latents are the means of the VAE's distributions, or the cached ones that are trained on.
 *  @throws PICTURE_UNREADABLE, PICTURE_CHANGED, LATENTS_UNREADABLE, MASK_MISSING */
export async function freezeBatch(
  { inputs: { group, replacements, seed }, range, vae, device, ...source }: FrozenSource,
  { purpose, count, groups, images }: Pick<FrozenPlan, "purpose" | "count" | "groups" | "images">,
): Promise<FrozenBatch> {
  const { vaeScaleFactor, latentChannels } = source.sampleContext.model.vae.architecture;
  const items = drawItems({
    purpose,
    count,
    ...(groups && { groups }),
    seed,
    images,
    range,
    vaeScaleFactor,
    latentChannels,
  });
  const context = { ...source.sampleContext, vae: vae && { encode: vae.mean } };
  const samples: MicroStepSamples[] = [];
  // one at a time: encoding an image takes more memory than the whole batch
  for (const { image, number } of items)
    samples.push(await samplesOf(await group.stillBatch(image, replacements, number), context));
  const groupOfPlace = (groups ?? [count]).flatMap((size, group) => new Array<number>(size).fill(group));
  const groupOf = (place: number) => groupOfPlace[place]!;
  const parts = partsOf(items, device, groupOf).map((places) => {
    const some = places.map((place) => ({ ...items[place]!, samples: samples[place]! }));
    return { places, ...feedsOf(some, source.microStepContext) };
  });
  return { timesteps: items.map(({ timestep }) => timestep), parts };
}

/** Indices of items that go through the networks together: of one size and group, as many as `itemsAtOnce` allows. */
function partsOf(items: readonly FrozenItem[], device: DeviceName, groupOf: (place: number) => number): number[][] {
  const parts: number[][] = [];
  const kindOf = (place: number) => `${items[place]!.image.bucket.join()} ${groupOf(place)}`;
  for (const [place, { image }] of items.entries()) {
    const open = parts.find(
      (part) => kindOf(part[0]!) === kindOf(place) && part.length < itemsAtOnce(image.bucket, device),
    );
    if (open) open.push(place);
    else parts.push([place]);
  }
  return parts;
}

function feedsOf(
  items: readonly (FrozenItem & { readonly samples: MicroStepSamples })[],
  { options, schedule }: Omit<MicroStepContext, "program">,
): Omit<FrozenPart, "places"> {
  const latents = concatenate(items.map(({ samples }) => samples.latents));
  const noise = stack(items.map((item) => item.noise));
  const timesteps = items.map(({ timestep }) => timestep);
  const masks = items.flatMap(({ samples }) => samples.mask ?? []);
  const timeIds = items.flatMap(({ samples }) => samples.timeIds ?? []);
  const encoders = items[0]!.samples.tokenIds.length;
  return {
    tokenIds: Array.from({ length: encoders }, (_, i) => items.flatMap(({ samples }) => samples.tokenIds[i]!)),
    elements: latents.data.length / items.length,
    feeds: {
      noisyLatents: noisyLatents(latents, noise, timesteps, schedule),
      target: options.predictionType === "v_prediction" ? velocity(latents, noise, timesteps, schedule) : noise,
      timesteps: arrayOf([items.length], timesteps),
      ...(masks.length > 0 && { mask: concatenate(masks) }),
      ...(timeIds.length > 0 && { timeIds: arrayOf([items.length, 6], timeIds.flat()) }),
    },
  };
}

/** Mean squared error of each item of a batch with these embeddings ([vectors, width] per text encoder), unweighted.
 *  program: computes `squaredErrorSums` of a micro-step graph. only: range of items to measure, last excluded; whole groups. */
export async function itemLosses(
  { timesteps, parts }: FrozenBatch,
  program: Program,
  model: MicroStepContext["model"],
  embeddings: readonly NdArray<Float32Array>[],
  only: { readonly first: number; readonly last: number } = { first: 0, last: timesteps.length },
): Promise<number[]> {
  const losses = new Array<number>(only.last - only.first);
  for (const { places, tokenIds, feeds, elements } of parts) {
    if (places.some((place) => place < only.first || place >= only.last)) continue;
    const { squaredErrorSums } = await program.run({ ...feeds, ...textFeeds(model, tokenIds, embeddings) });
    for (const [i, place] of places.entries())
      losses[place - only.first] = Number(squaredErrorSums!.data[i]) / elements;
  }
  return losses;
}
