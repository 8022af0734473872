import path from "node:path";
import { tinySdFolder } from "../src/assets/index.ts";
import { decodePicture } from "../src/pictures/index.ts";
import { relativeDifference } from "../src/runtime/devices.ts";
import type { DeviceName } from "../src/runtime/index.ts";
import { runApart } from "./apart.ts";
import type { GenerationOptions, GenerationTimes } from "./generate.ts";
import type { MicroStepOptions, MicroStepTimes } from "./micro-step.ts";
import { checkedPrecisions, type Precision, runPrecisions } from "./precisions.ts";

/** How closely a device agrees with the CPU. */
export interface Agreement {
  readonly device: DeviceName;
  /** "micro-step": loss and gradients of the small model, relative distance; "checkpointed": the same with gradient checkpointing; "picture": an image from the same seed, mean difference of 8-bit values. */
  readonly part: "micro-step" | "checkpointed" | "picture";
  readonly precision: Precision["name"];
  readonly distance: number | undefined;
  readonly tolerance: number;
  /** Why no distance could be measured. */
  readonly problem?: string;
}

export interface AgreementOptions {
  /** Pixels along each side. */
  readonly side: number;
  /** Folder for the pictures. */
  readonly folder: string;
  readonly timeoutMs: number;
}

/** Largest mean difference of a picture's values, 0..255. */
const pictureTolerance = 2;

/** Compares devices with the CPU, one after another; yields each comparison as soon as it is done. */
export async function* compareWithCpu(
  devices: readonly DeviceName[],
  options: AgreementOptions,
): AsyncGenerator<Agreement> {
  const expected = await stepOf("cpu", checkedPrecisions("cpu")[0]!, false, options);
  const expectedPicture = await pictureOf("cpu", options);
  for (const device of devices) {
    for (const precision of checkedPrecisions(device))
      for (const part of ["micro-step", "checkpointed"] as const) {
        const { name, tolerance } = precision;
        const step = () => stepOf(device, precision, part === "checkpointed", options);
        const distance = async () => stepDistance(await step(), expected);
        yield { device, part, precision: name, tolerance, ...(await outcome(distance)) };
      }
    const { name } = runPrecisions(device)[0]!;
    const distance = async () => meanDifference(await pictureOf(device, options), expectedPicture);
    yield { device, part: "picture", precision: name, tolerance: pictureTolerance, ...(await outcome(distance)) };
  }
}

async function outcome(distance: () => Promise<number>): Promise<Pick<Agreement, "distance" | "problem">> {
  try {
    return { distance: await distance() };
  } catch (error) {
    return { distance: undefined, problem: (error as Error).message };
  }
}

/** Loss and gradient of one micro-step of the small model. */
function stepOf(
  device: DeviceName,
  { computeDtype, env }: Precision,
  gradientCheckpointing: boolean,
  { side, timeoutMs }: AgreementOptions,
) {
  const sizes = { model: tinySdFolder, side, batch: 1, gradientCheckpointing, computeDtype };
  const options: MicroStepOptions = { ...sizes, steps: 1, device };
  return runApart<MicroStepTimes>("micro-step.ts", options, { env, timeoutMs });
}

/** The larger of the relative distances of loss and gradient. */
function stepDistance(actual: MicroStepTimes, expected: MicroStepTimes): number {
  const loss = relativeDifference([actual.loss], [expected.loss]);
  const gradient = relativeDifference(actual.gradient, expected.gradient);
  return Math.max(loss, gradient);
}

async function pictureOf(device: DeviceName, { side, folder, timeoutMs }: AgreementOptions): Promise<Uint8Array> {
  const picture = path.join(folder, `${device}.png`);
  const options: GenerationOptions = { model: tinySdFolder, side, batch: 1, steps: 8, device, picture };
  await runApart<GenerationTimes>("generate.ts", options, { timeoutMs });
  return (await decodePicture(picture)).data;
}

function meanDifference(actual: Uint8Array, expected: Uint8Array): number {
  return expected.reduce((sum, value, i) => sum + Math.abs(actual[i]! - value), 0) / expected.length;
}
