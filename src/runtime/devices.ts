import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
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

/** Devices worth trying here: those that ONNX Runtime's package can have on this platform and of which there is a sign. */
function candidates(): DeviceName[] {
  switch (process.platform) {
    case "linux":
      return ["cpu", ...(hasCudaProvider() ? ["cuda" as const] : []), ...(hasGpuOnLinux() ? ["webgpu" as const] : [])];
    case "win32":
      return ["cpu", "webgpu", "dml"];
    case "darwin":
      return ["cpu", "webgpu"];
    default:
      return ["cpu"];
  }
}

/** CUDA's part of ONNX Runtime is not in the package: it lies beside the rest once the user has put it there. */
function hasCudaProvider(): boolean {
  const binding = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
  const folder = path.join(path.dirname(binding), "bin", "napi-v6", "linux", process.arch);
  return existsSync(path.join(folder, "libonnxruntime_providers_cuda.so"));
}

/** A graphics device of the kernel, NVIDIA's, or a Vulkan driver that the user names. */
function hasGpuOnLinux(): boolean {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
  return Boolean(VK_ICD_FILENAMES || VK_DRIVER_FILES) || existsSync("/dev/dri") || existsSync("/dev/nvidia0");
}

/** Tries every device that this platform can have: does it start, are its numbers the CPU's, how fast is it? Takes a second or two. */
export async function probeDevices(): Promise<DeviceReport[]> {
  const probed: Probed[] = [];
  // one after another: they are to be compared
  for (const device of candidates()) probed.push(await probeDevice(device));
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
