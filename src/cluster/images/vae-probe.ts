import { bytesOf } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import type { Networks } from "../../networks/index.ts";
import { TorchGenerator } from "../../random/index.ts";
import { sha256 } from "../protocol/signed.ts";
import { type Numerics, tolerance } from "../worker/numerics.ts";

/** The half of a VAE that a job computes with. */
export type VaePart = "encoder" | "decoder";

/** The result of a VAE's probe. */
export interface VaeProbe {
  /** float32, in base64. */
  readonly values: string;
  /** Equal digests mean equal bits. */
  readonly digest: string;
}

/** Side of the latents. Smaller ones hide differences: at half this size SD1.5's encoder gave the same bits with one thread and with two, at this size it did not. */
const side = 8;

/** Computes a small input with one half of a VAE. The probe of a run's micro-batch says nothing about the VAE. */
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

/** A worker's probe, compared with the coordinator's. @throws CLUSTER_PROTOCOL for probes of different VAEs */
export function compareProbes(ours: VaeProbe, theirs: VaeProbe): Numerics {
  const { digest } = ours;
  if (digest === theirs.digest) return { group: "same", digest, difference: 0 };
  const [own, expected] = [floatsOf(ours.values), floatsOf(theirs.values)];
  if (own.length !== expected.length)
    throw new CoinageError("CLUSTER_PROTOCOL", "The probe of the VAE has another size than the coordinator's.");
  let [largest, most] = [0, 0];
  for (const [i, value] of expected.entries()) {
    largest = Math.max(largest, Math.abs(value));
    most = Math.max(most, Math.abs(value - own[i]!));
  }
  const relative = most / largest;
  const difference = Number.isFinite(relative) ? relative : Number.POSITIVE_INFINITY;
  return { group: difference <= tolerance ? "near" : "broken", digest, difference };
}

function floatsOf(values: string): Float32Array {
  const bytes = Buffer.from(values, "base64");
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readFloatLE(4 * i));
}
