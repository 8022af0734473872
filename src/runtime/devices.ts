import { candidates } from "./platform.ts";
import type { DeviceName } from "./runtime.ts";
import { tryDevice } from "./trial.ts";

/** What was found out about a device of this machine. */
export interface DeviceReport {
  readonly device: DeviceName;
  /** Floating point operations a second in a large convolution; undefined when the device does not work. */
  readonly rate: number | undefined;
  /** Why it does not work, or nothing. */
  readonly problem: string | undefined;
}

/** Largest relative difference from the CPU's numbers at which a device is trusted. */
const allowedDifference = 1e-3;
const timeoutMs = 15_000;

/** Tries every device that this platform can have: does it start, are its numbers the CPU's, how fast is it? Takes a second or two. */
export async function probeDevices(): Promise<DeviceReport[]> {
  const trials = [];
  // one after another: they are to be compared
  for (const device of candidates()) trials.push({ device, ...(await tryDevice(device, "numbers", timeoutMs)) });
  const cpu = trials.find(({ device }) => device === "cpu");
  return trials.map(({ device, check, rate, problem }) => {
    if (!check || !cpu?.check) return { device, rate: undefined, problem: problem ?? "it gave no numbers" };
    const difference = relativeDifference(check, cpu.check);
    if (difference < allowedDifference) return { device, rate, problem: undefined };
    return { device, rate: undefined, problem: `its numbers are off by ${difference.toPrecision(2)}` };
  });
}

/** ||actual - expected|| / ||expected||. */
export function relativeDifference(actual: readonly number[], expected: readonly number[]): number {
  let difference = 0;
  let norm = 0;
  expected.forEach((value, i) => {
    difference += (actual[i]! - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference / norm);
}

export interface ChosenDevice {
  readonly device: DeviceName;
  readonly reason: string;
}

/** The device for a run: the one asked for, or of those that work the fastest. */
export async function chooseDevice(asked: DeviceName | "auto"): Promise<ChosenDevice> {
  if (asked !== "auto") return { device: asked, reason: "as asked" };
  if (candidates().length === 1) return { device: "cpu", reason: "no other was found" };
  const reports = await probeDevices();
  const fastest = reports.reduce((best, report) => ((report.rate ?? 0) > (best.rate ?? 0) ? report : best));
  const others = reports.filter(({ device }) => device !== fastest.device);
  const compared = others.map(({ device, rate, problem }) =>
    problem
      ? `${device} does not work here`
      : `${device} is ${((fastest.rate ?? 0) / rate!).toPrecision(2)} times slower`,
  );
  return { device: fastest.device, reason: compared.join(", ") };
}
