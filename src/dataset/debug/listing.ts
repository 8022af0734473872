import type { DatasetGroup, EpochContext } from "../group.ts";
import type { TrainingImage } from "../images/training-image.ts";
import type { Sample } from "../samples/sample.ts";

/** What `--debug_dataset` shows of a batch. */
export interface BatchListing {
  /** Position in the epoch, from 1, of how many. */
  readonly step: number;
  readonly steps: number;
  readonly samples: readonly SampleListing[];
}

export interface SampleListing {
  readonly sample: Sample;
  readonly image: TrainingImage;
  readonly networkMultiplier: number;
  /** Token ids of the caption, one list a text encoder, or a layer where each has a variant of its own. */
  readonly tokenIds: readonly (readonly number[])[];
  /** What the text encoder gets of the word. */
  readonly word: string | undefined;
}

/** Everything an epoch would train on, batch by batch. tokenIds: the ids of a caption as in SampleListing, so that placeholders show.
 *  wordIn: what the text encoder gets of the word in a caption. */
export async function* listEpoch(
  group: DatasetGroup,
  order: readonly number[],
  context: EpochContext,
  tokenIds: (caption: string) => readonly (readonly number[])[],
  wordIn?: (caption: string) => string,
): AsyncGenerator<BatchListing> {
  let step = 0;
  for await (const batch of group.epochBatches(1, order, context)) {
    step++;
    const { networkMultiplier } = group.datasets[batch.dataset]!.plan;
    yield {
      step,
      steps: order.length,
      samples: batch.samples.map((sample, i) => ({
        sample,
        image: batch.images[i]!,
        networkMultiplier,
        tokenIds: tokenIds(sample.caption),
        word: wordIn?.(sample.caption),
      })),
    };
  }
}

/** A listed batch as lines of text. */
export function formatListing({ step, steps, samples }: BatchListing): string[] {
  return [`step ${step}/${steps}`, ...samples.flatMap(formatSample)];
}

/** The filling up at the end in short: "49406 320 49407 (75 times)". */
function formatIds(ids: readonly number[]): string {
  const last = ids.findLastIndex((id) => id !== ids.at(-1)) + 1;
  const times = ids.length - last;
  return [...ids.slice(0, last), times > 1 ? `${ids[last]} (${times} times)` : ids[last]].join(" ");
}

function formatSample({ sample, image, networkMultiplier, tokenIds, word }: SampleListing): string[] {
  const { latents, pixels, lossMask } = sample;
  const lines = [
    `  ${sample.imageKey}, ${image.size.join("x")}, loss weight ${sample.lossWeight}`,
    `    caption: ${JSON.stringify(sample.caption)}`,
    ...(word === undefined ? [] : [`    word: ${word}`]),
    ...tokenIds.map((ids, list) => `    token ids ${list + 1}: ${formatIds(ids)}`),
    `    original size ${sample.originalSizeHw.join("x")} (h x w), crop top left ${sample.cropTopLeft.join(",")}, target ${sample.targetSizeHw.join("x")}, ${sample.flipped ? "" : "not "}flipped`,
    latents ? `    cached latents ${latents.shape.join("x")}` : `    pixels ${pixels!.shape.join("x")}`,
  ];
  if (lossMask) lines.push(`    loss mask ${lossMask.shape.join("x")}`);
  if (networkMultiplier !== 1) lines.push(`    network multiplier ${networkMultiplier}`);
  const { customAttributes } = image.subset;
  if (customAttributes) lines.push(`    custom attributes ${JSON.stringify(customAttributes)}`);
  return lines;
}
