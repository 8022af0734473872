import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DeviceName } from "./runtime.ts";

/** What was found out about a device of this machine. */
export interface DeviceReport {
  readonly device: DeviceName;
  /** Floating point operations a second in a large convolution; undefined when the device does not work. */
  readonly rate: number | undefined;
  /** Why it does not work, or nothing. */
  readonly problem: string | undefined;
}

/** Devices that ONNX Runtime's package can have on each platform. */
const candidates: Readonly<Partial<Record<NodeJS.Platform, readonly DeviceName[]>>> = {
  linux: ["cpu", "cuda", "webgpu"],
  win32: ["cpu", "webgpu", "dml"],
  darwin: ["cpu", "webgpu"],
};

/** Tries every device that this platform can have: does it start, are its numbers the CPU's, how fast is it? Takes a second or two. */
export async function probeDevices(): Promise<DeviceReport[]> {
  const probed: Probed[] = [];
  // one after another: they are to be compared
  for (const device of candidates[process.platform] ?? ["cpu"]) probed.push(await probeDevice(device));
  const cpu = probed.find(({ device }) => device === "cpu");
  return probed.map(({ device, check, rate, problem }) => {
    if (!check || !cpu?.check) return { device, rate: undefined, problem: problem ?? "it gave no numbers" };
    const difference = relativeDifference(check, cpu.check);
    if (difference < allowedDifference) return { device, rate, problem: undefined };
    return { device, rate: undefined, problem: `its numbers are off by ${difference.toPrecision(2)}` };
  });
}

/** Largest relative difference from the CPU's numbers at which a device is trusted. */
const allowedDifference = 1e-3;

interface Probed {
  readonly device: DeviceName;
  readonly check?: readonly number[];
  readonly rate?: number;
  readonly problem?: string;
}

const run = promisify(execFile);
const timeoutMs = 15_000;

async function probeDevice(device: DeviceName): Promise<Probed> {
  const isSource = import.meta.url.endsWith(".ts");
  const script = fileURLToPath(new URL(`./probe-process.${isSource ? "ts" : "js"}`, import.meta.url));
  const loader = isSource ? ["--import", import.meta.resolve("tsx")] : [];
  try {
    const { stdout } = await run(process.execPath, [...loader, script, device], { timeout: timeoutMs });
    const found = JSON.parse(stdout) as Omit<Probed, "device">;
    return { device, ...found, ...(found.problem && { problem: inShort(found.problem) }) };
  } catch (error) {
    const isTooSlow = error instanceof Error && "killed" in error && error.killed === true;
    return { device, problem: isTooSlow ? `it took more than ${timeoutMs / 1000} s to try` : "trying it crashed" };
  }
}

/** The end of ONNX Runtime's messages says what happened; their beginning is where in its sources. */
function inShort(message: string): string {
  const line = message.split("\n", 1)[0]!.trim();
  return line.length <= 120 ? line : `...${line.slice(-117)}`;
}

function relativeDifference(actual: readonly number[], expected: readonly number[]): number {
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
  const reports = await probeDevices();
  const fastest = reports.reduce((best, report) => ((report.rate ?? 0) > (best.rate ?? 0) ? report : best));
  const others = reports.filter(({ device }) => device !== fastest.device);
  const compared = others.map(({ device, rate, problem }) =>
    problem
      ? `${device} does not work here`
      : `${device} is ${((fastest.rate ?? 0) / rate!).toPrecision(2)} times slower`,
  );
  return { device: fastest.device, reason: compared.join(", ") || "the only one here" };
}
