import { bytesOf } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import type { Networks } from "../../networks/index.ts";
import { TorchGenerator } from "../../random/index.ts";
import { sha256 } from "../protocol/signed.ts";
import { type Numerics, tolerance } from "../worker/numerics.ts";

/** The part of a VAE that a job computes with. */
export type VaePart = "encoder" | "decoder";

/** What the probe of a VAE gave: numbers of single precision in base64. */
export interface VaeProbe {
  readonly values: string;
  /** Equal where the bits are. */
  readonly digest: string;
}

/** Side of the latents. Smaller ones are computed with the same bits by machines that round large ones differently: with half of it SD1.5's encoder gave the same
 *  with one thread and with two. */
const side = 8;

/** Computes something small with a part of a VAE. Sums of micro-batches tell nothing of it. */
export async function probeVae(networks: Networks, part: VaePart): Promise<VaeProbe> {
  const random = new TorchGenerator(19);
  const { latentChannels, vaeScaleFactor } = networks.model.vae.architecture;
  const pixels = side * vaeScaleFactor;
  const { mean, logvar, pictures } =
    part === "encoder"
      ? await (await networks.vaeEncoder(1)).run({ pictures: random.randn([1, 3, pixels, pixels], { std: 0.5 }) })
      : await (await networks.vaeDecoder(1)).run({ latents: random.randn([1, latentChannels, side, side]) });
  const found = [mean, logvar, pictures].flatMap((array) => (array ? [Buffer.from(bytesOf(array.data))] : []));
  const bytes = Buffer.concat(found);
  return { values: bytes.toString("base64"), digest: sha256(bytes) };
}

/** How a machine computes with a VAE, compared with the coordinator. */
export function compareProbes(ours: VaeProbe, theirs: VaeProbe): Numerics {
  const { digest } = ours;
  if (digest === theirs.digest) return { group: "same", digest, difference: 0 };
  const [own, expected] = [floatsOf(ours.values), floatsOf(theirs.values)];
  if (own.length !== expected.length) throw new CoinageError("CLUSTER_PROTOCOL", "A probe of another VAE.");
  let [largest, apart] = [0, 0];
  for (const [i, value] of expected.entries()) {
    largest = Math.max(largest, Math.abs(value));
    apart = Math.max(apart, Math.abs(value - own[i]!));
  }
  const relative = apart / largest;
  const difference = Number.isFinite(relative) ? relative : Number.POSITIVE_INFINITY;
  return { group: difference <= tolerance ? "near" : "broken", digest, difference };
}

function floatsOf(values: string): Float32Array {
  const bytes = Buffer.from(values, "base64");
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readFloatLE(4 * i));
}
