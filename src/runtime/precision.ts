import { arrayOf } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import { constant, input, matmul } from "../graph/index.ts";
import type { LoadOptions, Runtime } from "./runtime.ts";

/** What products are computed in. */
export type ComputeDtype = NonNullable<LoadOptions["computeDtype"]>;

export interface ChosenComputeDtype {
  readonly computeDtype: ComputeDtype;
  /** Why not 16 bits, where they were asked for. */
  readonly fallbackReason: string | undefined;
}

/** What products are to be computed in on a device, where 16 bits are asked for or not. Tries them out on a GPU: drivers of WebGPU may be without. */
export async function chooseComputeDtype(runtime: Runtime, wantsFloat16: boolean): Promise<ChosenComputeDtype> {
  const fallbackReason = wantsFloat16 ? await refusalOfHalves(runtime) : undefined;
  return { computeDtype: wantsFloat16 && !fallbackReason ? "float16" : "float32", fallbackReason };
}

async function refusalOfHalves(runtime: Runtime): Promise<string | undefined> {
  if (runtime.device === "cpu") return "the processor computes in float32, and would not be faster in 16 bits";
  return (await hasHalves(runtime)) ? undefined : "this device, or its driver, cannot compute with 16-bit numbers";
}

async function hasHalves(runtime: Runtime): Promise<boolean> {
  // as many numbers as make it a product that is computed in 16 bits at all
  const [size, half] = [64, 0.5];
  const x = input("x", "float32", [size, size]);
  const values = arrayOf([size, size], new Float32Array(size * size).fill(half));
  try {
    const program = await runtime.load({ y: matmul(x, constant(values)) }, { computeDtype: "float16" });
    try {
      const { y } = await program.run({ x: values });
      return (y!.data as Float32Array).every((value) => value === size * half * half);
    } finally {
      await program.close();
    }
  } catch (error) {
    if (error instanceof CoinageError && ["RUNTIME", "OUT_OF_MEMORY"].includes(error.code)) return false;
    throw error;
  }
}
