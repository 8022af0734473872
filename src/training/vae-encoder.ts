import type { NdArray } from "../array/index.ts";
import { Programs } from "../generation/index.ts";
import { type DiffusionModel, vaeBands } from "../models/index.ts";
import type { TorchGenerator } from "../random/index.ts";
import type { Runtime } from "../runtime/index.ts";

/** Pictures to latents, one draw of the latent distribution each. */
export interface VaeEncoder {
  /** pixels: [B,3,H,W] in -1..1; latents [B,4,H/8,W/8], not scaled. */
  encode(pixels: NdArray<Float32Array>): Promise<NdArray<Float32Array>>;
  close(): Promise<void>;
}

/** Its programs are loaded when pictures of their size come first. */
export function openVaeEncoder(model: DiffusionModel, runtime: Runtime, generator: TorchGenerator): VaeEncoder {
  const programs = new Programs(model, runtime);
  const { factor } = model.vae.architecture;
  return {
    async encode(pixels) {
      const [rows, columns] = pixels.shape.slice(-2).map((side) => side / factor) as [number, number];
      const program = await programs.encoder(vaeBands(rows, columns));
      const moments = await program.run({ pictures: pixels });
      return samplePosterior(moments.mean as NdArray<Float32Array>, moments.logvar as NdArray<Float32Array>, generator);
    },
    close: () => programs.close(),
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
