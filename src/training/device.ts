import type { TrainSettings } from "../options/index.ts";
import { chooseDevice, chooseProducts, openRuntime, type Products, type Runtime } from "../runtime/index.ts";
import type { Sign } from "./signs.ts";

/** What a run is computed on. */
export interface ComputingDevice {
  readonly runtime: Runtime;
  readonly products: Products;
}

export interface OpenDevice extends ComputingDevice {
  /** Why this device. */
  readonly reason: string;
  /** What differs from what was asked for. */
  readonly signs: readonly Sign[];
}

/** Opens the device of a run, to be closed by the caller. @throws RUNTIME */
export async function openDevice({ device: asked, threads, mixedPrecision }: TrainSettings): Promise<OpenDevice> {
  const { device, reason } = await chooseDevice(asked);
  const runtime = openRuntime({ device, ...(threads && { threads }) });
  try {
    const { products, refusal } = await chooseProducts(runtime, mixedPrecision !== "no");
    return { runtime, reason, products, signs: precisionSigns(mixedPrecision, refusal) };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

/** What is to be said where products are not computed as --mixed_precision has it. refusal: why not in 16 bits. */
export function precisionSigns(
  mixedPrecision: TrainSettings["mixedPrecision"],
  refusal: string | undefined,
): readonly Sign[] {
  const sign = (message: string) => [{ code: "PRECISION", message: `--mixed_precision ${mixedPrecision} ${message}.` }];
  if (refusal) return sign(`changes nothing: ${refusal}`);
  if (mixedPrecision !== "bf16") return [];
  return sign("is computed in float16 with loss scaling: ONNX Runtime has no convolutions in bfloat16");
}
