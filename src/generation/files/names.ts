import path from "node:path";
import type { PlannedPicture } from "../prompts/plan.ts";
import type { Stage } from "../request.ts";

export interface NameSettings {
  readonly sequentialFileName: boolean;
  readonly useOriginalFileName: boolean;
}

/** Where a picture stands among the others of its run. */
export interface Place {
  readonly indexInBatch: number;
  /** Number of its batch's first picture in the iteration, from 0. */
  readonly firstNumber: number;
  readonly stage: Stage;
  /** When its batch was finished. */
  readonly time: Date;
}

/** The file name sd-scripts gives a picture: its own (`--f`), its source's, a number, or time, number in the batch and seed. */
export function pictureFileName(picture: PlannedPicture, place: Place, settings: NameSettings): string {
  const { fileName, source, sampling, order } = picture;
  const { indexInBatch, firstNumber, stage, time } = place;
  if (fileName !== undefined) return givenName(fileName, stage);
  if (settings.useOriginalFileName && source) return givenName(path.parse(source.path).name, stage);
  const highres = !sampling.highres ? "" : stage === "first" ? "0" : "1";
  if (settings.sequentialFileName) return `im_${highres}${padded(firstNumber + indexInBatch + 1, 6)}.png`;
  return `im_${timeStamp(time)}_${highres}${padded(indexInBatch, 3)}_${order.seed}.png`;
}

/** differs from sd-scripts: the small picture of a highres fix has another name than the final one, which there writes over it. */
function givenName(name: string, stage: Stage): string {
  const { name: stem, ext } = /\.(png|webp)$/i.test(name) ? path.parse(name) : { name, ext: "" };
  return `${stem}${stage === "first" ? "_first" : ""}${ext || ".png"}`;
}

/** The name of the sheet with all pictures of a run. */
export function sheetFileName(time: Date, { sequentialFileName }: NameSettings): string {
  return sequentialFileName ? "sheet.png" : `sheet_${timeStamp(time)}.png`;
}

/** Where pictures on the way are shown. */
export const previewFileName = "coinage-preview.png";

/** A name of its own for every picture of a run.
 *  differs from sd-scripts: it writes over a picture that it made a moment ago under the same name. */
export class FreeNames {
  readonly #taken: Set<string>;

  /** reserved: names that no picture gets, in small letters. */
  constructor(reserved: readonly string[] = []) {
    this.#taken = new Set(reserved);
  }

  /** The name, or if this run gave it away already with a number behind it. */
  take(name: string): string {
    const { name: stem, ext } = path.parse(name);
    let free = name;
    for (let number = 2; this.#taken.has(free.toLowerCase()); number++) free = `${stem}_${number}${ext}`;
    this.#taken.add(free.toLowerCase());
    return free;
  }
}

/** Local time as YYYYmmddHHMMSS. */
export function timeStamp(time: Date): string {
  const parts = [time.getMonth() + 1, time.getDate(), time.getHours(), time.getMinutes(), time.getSeconds()];
  return `${time.getFullYear()}${parts.map((part) => padded(part, 2)).join("")}`;
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}
