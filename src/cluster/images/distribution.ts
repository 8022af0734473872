import { arrayOf, bytesOf, elementCount, typedArrayOn } from "../../array/index.ts";
import type { VaeArchitecture } from "../../models/index.ts";
import type { LatentDistribution } from "../../networks/index.ts";
import type { EncodeJob } from "./protocol.ts";

/** The distributions of a job's latents as bytes. */
export function distributionBytes({ mean, deviation }: LatentDistribution): Uint8Array {
  return new Uint8Array(Buffer.concat([bytesOf(mean.data), bytesOf(deviation.data)]));
}

/** Bytes of the distributions that a job asks for. */
export function distributionSize(job: Shape, vae: Vae): number {
  return 8 * elementCount(shapeOf(job, vae));
}

/** Reads them; undefined where a number is none, or a deviation less than nothing. bytes: as many as distributionSize says. */
export function readDistribution(bytes: Uint8Array, job: Shape, vae: Vae): LatentDistribution | undefined {
  const numbers = typedArrayOn("float32", bytes) as Float32Array;
  const [mean, deviation] = [numbers.slice(0, numbers.length / 2), numbers.slice(numbers.length / 2)];
  if (!mean.every(Number.isFinite) || !deviation.every((value) => value >= 0 && Number.isFinite(value)))
    return undefined;
  const shape = shapeOf(job, vae);
  return { mean: arrayOf(shape, mean), deviation: arrayOf(shape, deviation) };
}

type Shape = Pick<EncodeJob, "width" | "height" | "pictures">;
type Vae = Pick<VaeArchitecture, "latentChannels" | "vaeScaleFactor">;

function shapeOf({ width, height, pictures }: Shape, { latentChannels, vaeScaleFactor }: Vae): number[] {
  return [pictures.length, latentChannels, height / vaeScaleFactor, width / vaeScaleFactor];
}
