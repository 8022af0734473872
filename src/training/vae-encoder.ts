import type { NdArray } from "../array/index.ts";
import { dim, input, type Tensor } from "../graph/index.ts";
import { type DiffusionModel, encodePictures } from "../models/index.ts";
import type { TorchGenerator } from "../random/index.ts";
import type { Program, Runtime } from "../runtime/index.ts";

/** Pictures to latents, one draw of the latent distribution each. */
export interface VaeEncoder {
  /** pixels: [B,3,H,W] in -1..1; latents [B,4,H/8,W/8], not scaled. */
  encode(pixels: NdArray<Float32Array>): Promise<NdArray<Float32Array>>;
  close(): Promise<void>;
}

/** `mean` and `logvar` of the latents of `pictures` [batch,3,height,width] in -1..1. */
export function encoderOutputs({ vae: { weights, architecture } }: DiffusionModel): Record<string, Tensor> {
  const { factor } = architecture;
  const pictures = input("pictures", "float32", [
    dim("batch"),
    3,
    dim("height", { multipleOf: factor }),
    dim("width", { multipleOf: factor }),
  ]);
  const { mean, logvar } = encodePictures(weights, architecture, pictures);
  return { mean, logvar };
}

export async function openVaeEncoder(
  model: DiffusionModel,
  runtime: Runtime,
  generator: TorchGenerator,
): Promise<VaeEncoder> {
  const program: Program = await runtime.load(encoderOutputs(model));
  return {
    async encode(pixels) {
      const moments = await program.run({ pictures: pixels });
      return samplePosterior(moments.mean as NdArray<Float32Array>, moments.logvar as NdArray<Float32Array>, generator);
    },
    close: () => program.close(),
  };
}

/** mean + exp(logvar / 2) n, with n drawn for the whole batch at once. */
function samplePosterior(
  mean: NdArray<Float32Array>,
  logvar: NdArray<Float32Array>,
  generator: TorchGenerator,
): NdArray<Float32Array> {
  const noise = generator.randn(mean.shape);
  const data = mean.data.map((value, i) => value + Math.fround(Math.exp(0.5 * logvar.data[i]!)) * noise.data[i]!);
  return { ...mean, data };
}
