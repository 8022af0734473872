import type { NdArray } from "../array/index.ts";
import { Programs } from "../generation/index.ts";
import { type DiffusionModel, vaeBands } from "../models/index.ts";
import type { TorchGenerator } from "../random/index.ts";
import type { Runtime } from "../runtime/index.ts";

/** Pictures to latents, one draw of the latent distribution each. */
export interface VaeEncoder {
  /** pixels: [B,3,H,W] in -1..1; latents [B,4,H/8,W/8], not scaled. draws: a generator for each picture; without them all are drawn from the encoder's. */
  encode(pixels: NdArray<Float32Array>, draws?: readonly TorchGenerator[]): Promise<NdArray<Float32Array>>;
  close(): Promise<void>;
}

/** Its programs are loaded when pictures of their size come first. */
export function openVaeEncoder(model: DiffusionModel, runtime: Runtime, generator: TorchGenerator): VaeEncoder {
  const programs = new Programs(model, runtime);
  const { factor } = model.vae.architecture;
  return {
    async encode(pixels, draws) {
      const [rows, columns] = pixels.shape.slice(-2).map((side) => side / factor) as [number, number];
      const program = await programs.encoder(vaeBands(rows, columns));
      const moments = await program.run({ pictures: pixels });
      const [mean, logvar] = [moments.mean, moments.logvar] as [NdArray<Float32Array>, NdArray<Float32Array>];
      return samplePosterior(mean, logvar, draws ? noiseOf(mean.shape, draws) : generator.randn(mean.shape).data);
    },
    close: () => programs.close(),
  };
}

/** mean + exp(logvar / 2) n. */
function samplePosterior(
  mean: NdArray<Float32Array>,
  logvar: NdArray<Float32Array>,
  noise: Float32Array,
): NdArray<Float32Array> {
  const data = mean.data.map((value, i) => value + Math.fround(Math.exp(0.5 * logvar.data[i]!)) * noise[i]!);
  return { ...mean, data };
}

/** Noise of which every item of the batch is drawn by itself. */
function noiseOf([, ...shape]: readonly number[], draws: readonly TorchGenerator[]): Float32Array {
  const items = draws.map((generator) => generator.randn(shape).data);
  const noise = new Float32Array(items.length * items[0]!.length);
  items.forEach((item, i) => {
    noise.set(item, i * item.length);
  });
  return noise;
}
