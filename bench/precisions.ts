import type { ComputeDtype, DeviceName } from "../src/runtime/index.ts";

/** A compute dtype, and the tolerance for its loss and gradients relative to the CPU in float32. */
export interface Precision {
  readonly name: "float32" | "TF32" | "float16";
  readonly computeDtype: ComputeDtype;
  readonly env: Readonly<Record<string, string>>;
  /** Largest ||actual - expected|| / ||expected||. */
  readonly tolerance: number;
}

const exact: Precision = { name: "float32", computeDtype: "float32", env: {}, tolerance: 1e-3 };
const half: Precision = { name: "float16", computeDtype: "float16", env: {}, tolerance: 3e-2 };
// on CUDA, float32 means TF32 (10 bits of mantissa) unless an environment variable forbids it
const rounded: Precision = { name: "TF32", computeDtype: "float32", env: {}, tolerance: 1e-2 };
const notRounded: Precision = { ...exact, env: { NVIDIA_TF32_OVERRIDE: "0" } };

/** Precisions that are compared with the CPU. */
export function checkedPrecisions(device: DeviceName): readonly Precision[] {
  return device === "cuda" ? [notRounded, rounded, half] : [exact, half];
}

/** Precisions that a run can use: the CPU always computes in float32. */
export function runPrecisions(device: DeviceName): readonly Precision[] {
  if (device === "cpu") return [exact];
  return device === "cuda" ? [rounded, half] : [exact, half];
}
