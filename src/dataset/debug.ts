import path from "node:path";
import type { NdArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { makeFolder, reasonOf, writeFileAtomically } from "../files/index.ts";
import {
  contactSheet,
  encodePng,
  type Picture,
  pictureFromFloats,
  type SheetEntry,
  thumbnailOf,
} from "../pictures/index.ts";
import type { DatasetGroup, EpochContext } from "./group.ts";
import { stemOf } from "./images/paths.ts";
import type { TrainingImage } from "./images/training-image.ts";
import type { Sample } from "./samples/sample.ts";

/** A batch as `--debug_dataset` shows it. */
export interface BatchListing {
  /** Position in the epoch, from 1; steps: batches of the epoch. */
  readonly step: number;
  readonly steps: number;
  readonly samples: readonly SampleListing[];
}

export interface SampleListing {
  readonly sample: Sample;
  readonly image: TrainingImage;
  readonly networkMultiplier: number;
  /** Token ids of the caption, one list per text encoder, or per layer with --xti. */
  readonly tokenIds: readonly (readonly number[])[];
  /** How the text encoder reads the word. */
  readonly word: string | undefined;
}

/** Lists an epoch batch by batch, as training would see it. tokenIds: the ids of a caption as in SampleListing.
 *  wordIn: how the text encoder reads the word in a caption. */
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

/** Images written for `--debug_dataset_dir`. */
export interface WrittenPictures {
  readonly folder: string;
  readonly count: number;
  /** The contact sheet; onSheet: the number of images on it. */
  readonly sheet: string;
  readonly onSheet: number;
}

const sheetName = "contact-sheet.png";
const onSheetAtMost = 300;
/** Most characters kept of a file name: names may have 255 bytes, a character up to four. */
const nameLength = 48;

/** Writes the images of listed batches as the model would see them: cropped, mirrored, colour-augmented.
 *  A loss mask is written as its own image; on the sheet, masked areas are dark. */
export class DebugPictures {
  readonly #folder: string;
  readonly #sheet: SheetEntry[] = [];
  #count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws OUTPUT_UNWRITABLE */
  async add({ step, samples }: BatchListing): Promise<void> {
    makeDebugFolder(this.#folder);
    for (const [i, listing] of samples.entries()) await this.#addSample(`${step}`.padStart(4, "0"), i + 1, listing);
  }

  /** Writes the sheet. @throws OUTPUT_UNWRITABLE */
  async finish(): Promise<WrittenPictures> {
    const sheet = path.join(this.#folder, sheetName);
    makeDebugFolder(this.#folder);
    await writeFileAtomically(sheet, await contactSheet(this.#sheet));
    return { folder: this.#folder, count: this.#count, sheet, onSheet: this.#sheet.length };
  }

  async #addSample(step: string, position: number, { sample, image }: SampleListing): Promise<void> {
    const picture = pictureOf(sample);
    if (!picture) return;
    const { flipped, caption } = sample;
    const lossMask = sample.lossMask?.data.some((value) => value < 1) ? sample.lossMask : undefined;
    const stem = [...stemOf(image.path)].slice(0, nameLength).join("");
    const name = path.join(this.#folder, `${step}-${position}_${stem}${flipped ? "_flipped" : ""}`);
    await writeFileAtomically(`${name}.png`, await encodePng(picture));
    if (lossMask) await writeFileAtomically(`${name}_mask.png`, await encodePng(maskPicture(lossMask)));
    this.#count++;
    if (this.#sheet.length >= onSheetAtMost) return;
    const about = `${step}-${position} ${picture.width}x${picture.height}${flipped ? " flipped" : ""}`;
    const shown = lossMask ? darkened(picture, lossMask) : picture;
    this.#sheet.push({ thumbnail: await thumbnailOf(shown), lines: [about, caption] });
  }
}

/** The image of a sample; undefined if it has only latents. */
function pictureOf({ pixels, targetSizeHw: [height, width] }: Sample): Picture | undefined {
  return pixels && pictureFromFloats(pixels.data, [width, height]);
}

function maskPicture({ shape, data }: NdArray<Float32Array>): Picture {
  const [height, width] = shape as [number, number];
  return { width, height, channels: 1, data: Uint8Array.from(data, (value) => Math.round(value * 255)) };
}

function darkened(picture: Picture, { data: mask }: NdArray<Float32Array>): Picture {
  const { channels } = picture;
  const data = picture.data.map((value, i) => value * (0.2 + 0.8 * mask[Math.floor(i / channels)]!));
  return { ...picture, data };
}

function makeDebugFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (cause) {
    throw new CoinageError("OUTPUT_UNWRITABLE", `The folder ${folder} cannot be created (${reasonOf(cause)}).`, {
      where: "--debug_dataset_dir",
      hint: "Choose another folder.",
      cause,
    });
  }
}
