import { timeStamp } from "../files/names.ts";

/** A sample picture of a training run. */
export interface PreviewMoment {
  /** `--output_name` */
  readonly name: string;
  readonly at: { readonly epoch: number } | { readonly step: number };
  /** Number of the prompt, from 0. */
  readonly index: number;
  readonly time: Date;
  /** The seed that the prompt gave, if it gave one. */
  readonly seed: number | undefined;
}

/** The file name sd-scripts gives a sample picture; it goes into the folder `sample` of the output folder. */
export function previewFileName({ name, at, index, time, seed }: PreviewMoment): string {
  const number = "epoch" in at ? `e${padded(at.epoch, 6)}` : padded(at.step, 6);
  return `${name}_${number}_${padded(index, 2)}_${timeStamp(time)}${seed === undefined ? "" : `_${seed}`}.png`;
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}
