import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { CoinageError } from "../errors/index.ts";
import { candidates, cudaSetupCommand, devicesOf, hasCudaProvider, platform } from "./platform.ts";
import type { DeviceName } from "./runtime.ts";

/** The result of trying one device of this machine. */
export interface DeviceReport {
  readonly device: DeviceName;
  /** Floating point operations per second in a large convolution; undefined if the device does not work. */
  readonly rate: number | undefined;
  /** Why it does not work; undefined if it does. */
  readonly problem: string | undefined;
}

/** Largest relative difference from the CPU's results for a device to be trusted. */
const allowedDifference = 1e-3;
const probeTimeoutMs = 15_000;

/** Tries every device that this platform may have: does it start, does it agree with the CPU, how fast is it? Takes a second or two. */
export async function probeDevices(): Promise<DeviceReport[]> {
  const trials = [];
  // one at a time, so that the rates can be compared
  for (const device of candidates()) trials.push({ device, ...(await tryDevice(device, "numbers", probeTimeoutMs)) });
  const cpu = trials.find(({ device }) => device === "cpu");
  return trials.map(({ device, check, rate, problem }) => {
    if (!check || !cpu?.check) return { device, rate: undefined, problem: problem ?? "it returned no results" };
    const difference = relativeDifference(check, cpu.check);
    if (difference < allowedDifference) return { device, rate, problem: undefined };
    return { device, rate: undefined, problem: `its results are off by ${difference.toPrecision(2)}` };
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

/** The device for a run: the requested one or, for "auto", the fastest that works. */
export async function chooseDevice(requested: DeviceName | "auto"): Promise<ChosenDevice> {
  if (requested !== "auto") return { device: requested, reason: "as requested" };
  if (candidates().length === 1) return { device: "cpu", reason: "no other device found" };
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

const startTimeoutMs = 60_000;

/** Checks that a requested device works, before anything else is done. Takes a second unless it is the CPU.
 *  @throws DEVICE_UNAVAILABLE */
export async function requireDevice(requested: DeviceName | "auto"): Promise<void> {
  if (requested === "auto" || requested === "cpu") return;
  const problem = foreignDevice(requested, platform) ?? (await problemHere(requested));
  if (problem) throw problem;
}

/** The error for a device that a platform does not have. */
export function foreignDevice(device: DeviceName, name: string): CoinageError | undefined {
  const devices = devicesOf(name);
  if (devices.includes(device)) return undefined;
  const others = devices.map((other) => `--device ${other}`).reverse();
  return unavailable(device, `it does not exist on ${name}. ${supportedOn[device]}`, `Use ${others.join(" or ")}.`);
}

const supportedOn: Readonly<Record<DeviceName, string>> = {
  cpu: "ONNX Runtime has no build for this platform.",
  webgpu: "ONNX Runtime supports WebGPU on Linux x64, Windows and macOS on Apple silicon.",
  cuda: "ONNX Runtime's package for Node supports CUDA on Linux x64 only.",
  dml: "DirectML is part of Windows.",
  coreml: "CoreML is part of macOS, and ONNX Runtime supports it on Apple silicon.",
};

async function problemHere(device: Exclude<DeviceName, "cpu">): Promise<CoinageError | undefined> {
  if (device === "cuda" && !hasCudaProvider())
    return unavailable(
      device,
      "ONNX Runtime's CUDA provider is not installed.",
      `Install it with: ${cudaSetupCommand()}\n${cudaNeeds}`,
    );
  const { problem } = await tryDevice(device, "start", startTimeoutMs);
  return problem === undefined ? undefined : unavailable(device, problem, remedies[device]);
}

const cudaNeeds =
  "It needs the NVIDIA driver, CUDA 13 and cuDNN 9, with their folders in LD_LIBRARY_PATH before Node starts. --device webgpu uses the same GPU and needs none of them.";

const remedies: Readonly<Record<Exclude<DeviceName, "cpu">, string>> = {
  webgpu:
    "It needs a graphics driver: Vulkan on Linux, Direct3D 12 on Windows, Metal on macOS. --device cpu works without one.",
  cuda: cudaNeeds,
  dml: "It needs a graphics driver with Direct3D 12. --device webgpu uses the same GPU through another API.",
  coreml: "--device webgpu uses the same GPU and supports more operations.",
};

function unavailable(device: DeviceName, reason: string, hint: string): CoinageError {
  return new CoinageError("DEVICE_UNAVAILABLE", `"${device}" does not work here: ${reason}`, {
    where: `--device ${device}`,
    hint,
  });
}

/** What to try of a device: only whether it starts, or also its results and its speed. */
export type TrialDepth = "start" | "numbers";

/** What trial-process.ts prints. */
export interface Trial {
  /** Results of a small network, for comparison with the CPU's. */
  readonly check?: readonly number[];
  readonly rate?: number;
  /** Why the device does not work. */
  readonly problem?: string;
}

const run = promisify(execFile);

/** Tries a device in another process, because a driver may crash or print anything. Never throws. */
async function tryDevice(device: DeviceName, depth: TrialDepth, timeoutMs: number): Promise<Trial> {
  const isSource = import.meta.url.endsWith(".ts");
  const script = fileURLToPath(new URL(`./trial-process.${isSource ? "ts" : "js"}`, import.meta.url));
  const loader = isSource ? ["--import", import.meta.resolve("tsx")] : [];
  try {
    const { stdout } = await run(process.execPath, [...loader, script, device, depth], { timeout: timeoutMs });
    const trial = JSON.parse(stdout) as Trial;
    return trial.problem ? { problem: shortened(trial.problem) } : trial;
  } catch (error) {
    const isTooSlow = error instanceof Error && "killed" in error && error.killed === true;
    return { problem: isTooSlow ? `a trial run took more than ${timeoutMs / 1000} s` : "a trial run crashed" };
  }
}

/** The end of an ONNX Runtime message says what happened; its start only names a place in the source. */
function shortened(message: string): string {
  const line = message.split("\n", 1)[0]!.trim();
  return line.length <= 120 ? line : `...${line.slice(-117)}`;
}
