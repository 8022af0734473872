import type { TrainSettings } from "../options/index.ts";
import { type DeviceName, gainsFromFloat16, type LoadOptions } from "../runtime/index.ts";
import type { Sign } from "./signs.ts";

/** What products are computed in. */
export type Products = NonNullable<LoadOptions["products"]>;

/** What products are computed in where --mixed_precision asks for 16 bits. */
export function productsOn(device: DeviceName, { mixedPrecision }: Pick<TrainSettings, "mixedPrecision">): Products {
  return mixedPrecision !== "no" && gainsFromFloat16(device) ? "float16" : "float32";
}

/** What is to be said where that is not what was asked for. */
export function precisionSigns(device: DeviceName, { mixedPrecision }: Pick<TrainSettings, "mixedPrecision">): Sign[] {
  if (mixedPrecision === "no") return [];
  if (!gainsFromFloat16(device))
    return [
      {
        code: "PRECISION",
        message: `--mixed_precision ${mixedPrecision} changes nothing on the processor, which computes in float32: it would not be faster in 16 bits.`,
      },
    ];
  if (mixedPrecision === "fp16") return [];
  return [
    {
      code: "PRECISION",
      message:
        "--mixed_precision bf16 is computed in float16 with loss scaling: ONNX Runtime has no convolutions in bfloat16.",
    },
  ];
}
