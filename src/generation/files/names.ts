import path from "node:path";
import type { Pass } from "../../pipeline/index.ts";
import type { PlannedImage } from "../prompts/plan.ts";

export interface NameSettings {
  readonly sequentialFileName: boolean;
  readonly useOriginalFileName: boolean;
}

/** An image's place among the others of its run. */
export interface Place {
  readonly indexInBatch: number;
  /** Number of its batch's first image in the iteration, from 0. */
  readonly firstNumber: number;
  readonly pass: Pass;
  /** When its batch was finished. */
  readonly time: Date;
}

/** sd-scripts' file name for an image: its own (`--f`), its init image's, a number, or time, number in the batch and seed. */
export function imageFileName(planned: PlannedImage, place: Place, settings: NameSettings): string {
  const { fileName, initImage, sampling, image } = planned;
  const { indexInBatch, firstNumber, pass, time } = place;
  if (fileName !== undefined) return givenName(fileName, pass);
  if (settings.useOriginalFileName && initImage) return givenName(path.parse(initImage.path).name, pass);
  const highres = !sampling.highres ? "" : pass === "first" ? "0" : "1";
  if (settings.sequentialFileName) return `im_${highres}${padded(firstNumber + indexInBatch + 1, 6)}.png`;
  return `im_${timeStamp(time)}_${highres}${padded(indexInBatch, 3)}_${image.seed}.png`;
}

/** differs from sd-scripts: with --f or --use_original_file_name, the final image of a highres fix overwrites the small one.
 *  coinage: the small image has _first in its name.
 *  because: --highres_fix_save_1st asks for both. */
function givenName(name: string, pass: Pass): string {
  const { name: stem, ext } = /\.(png|webp)$/i.test(name) ? path.parse(name) : { name, ext: "" };
  return `${stem}${pass === "first" ? "_first" : ""}${ext || ".png"}`;
}

/** The name of the sheet with all images of a run. */
export function sheetFileName(time: Date, { sequentialFileName }: NameSettings): string {
  return sequentialFileName ? "sheet.png" : `sheet_${timeStamp(time)}.png`;
}

/** The file that shows unfinished images during a run. */
export const runPreviewFileName = "coinage-preview.png";

/** A unique name for every image of a run.
 *  differs from sd-scripts: an image overwrites an earlier one of the same run that has the same name.
 *  coinage: the later image gets a number behind its name.
 *  because: no image that was asked for is to be lost. */
export class FreeNames {
  readonly #taken: Set<string>;

  /** reserved: names that no image gets, in lower case. */
  constructor(reserved: readonly string[] = []) {
    this.#taken = new Set(reserved);
  }

  /** The name, with a number appended if this run has already used it. */
  take(name: string): string {
    const { name: stem, ext } = path.parse(name);
    let free = name;
    for (let number = 2; this.#taken.has(free.toLowerCase()); number++) free = `${stem}_${number}${ext}`;
    this.#taken.add(free.toLowerCase());
    return free;
  }
}

/** Local time as YYYYmmddHHMMSS. */
function timeStamp(time: Date): string {
  const parts = [time.getMonth() + 1, time.getDate(), time.getHours(), time.getMinutes(), time.getSeconds()];
  return `${time.getFullYear()}${parts.map((part) => padded(part, 2)).join("")}`;
}

/** A sample image of a training run. */
interface SampleMoment {
  /** `--output_name` */
  readonly name: string;
  readonly at: { readonly epoch: number } | { readonly step: number };
  /** Number of the prompt, from 0. */
  readonly index: number;
  readonly time: Date;
  /** The seed in the prompt, if given. */
  readonly seed: number | undefined;
}

/** sd-scripts' file name for a sample image, in the folder `sample` of the output folder. */
export function sampleFileName({ name, at, index, time, seed }: SampleMoment): string {
  const number = "epoch" in at ? `e${padded(at.epoch, 6)}` : padded(at.step, 6);
  return `${name}_${number}_${padded(index, 2)}_${timeStamp(time)}${seed === undefined ? "" : `_${seed}`}.png`;
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}
