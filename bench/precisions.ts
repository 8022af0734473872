import type { ComputeDtype, DeviceName } from "../src/runtime/index.ts";

/** What products are computed in, and how far loss and gradients may then be from the CPU's in float32. */
export interface Precision {
  readonly name: "float32" | "TF32" | "float16";
  readonly computeDtype: ComputeDtype;
  readonly env: Readonly<Record<string, string>>;
  /** Largest ||actual - expected|| / ||expected||. */
  readonly tolerance: number;
}

const exact: Precision = { name: "float32", computeDtype: "float32", env: {}, tolerance: 1e-3 };
const half: Precision = { name: "float16", computeDtype: "float16", env: {}, tolerance: 3e-2 };
// CUDA's float32 is TF32, with 10 bits after the point, unless the environment forbids it
const rounded: Precision = { name: "TF32", computeDtype: "float32", env: {}, tolerance: 1e-2 };
const notRounded: Precision = { ...exact, env: { NVIDIA_TF32_OVERRIDE: "0" } };

/** Those that are checked against the CPU. */
export function checkedPrecisions(device: DeviceName): readonly Precision[] {
  return device === "cuda" ? [notRounded, rounded, half] : [exact, half];
}

/** Those that a run can take: the CPU always computes in float32. */
export function runPrecisions(device: DeviceName): readonly Precision[] {
  if (device === "cpu") return [exact];
  return device === "cuda" ? [rounded, half] : [exact, half];
}
