import { arrayOf, type NdArray } from "../../array/index.ts";
import { seededGenerators } from "../../diffusion/index.ts";
import { firstPlaceholderId } from "../../models/index.ts";
import { TorchGenerator } from "../../random/index.ts";
import type { RunnerContext } from "../../training/index.ts";
import type { QueueId } from "../board/board.ts";
import { outcomeDigest } from "../protocol/job.ts";
import type { Manifest } from "../protocol/manifest.ts";
import type { Seal } from "../protocol/signed.ts";
import { computeJob, type FetchBlob } from "../worker/compute.ts";
import { jobsOf, type StoreBlob } from "./jobs.ts";

const [startOfText, endOfText] = [49406, 49407];

/** The probe of a run: a micro-batch of its usual size, with the result that it gives here. A worker that computes the same bits is taken to round as this
 *  machine does. probeMs: how long it took, in milliseconds. */
export async function makeProbe(
  { model, vectors, plan, local }: Pick<RunnerContext, "model" | "vectors" | "plan" | "local">,
  of: QueueId,
  seal: Seal,
  blobs: { readonly storeBlob: StoreBlob; readonly fetchBlob: FetchBlob },
): Promise<{ readonly probe: Manifest["probe"]; readonly probeMs: number }> {
  const { nominal, layers = 1, chunks, hasMask } = plan.graph;
  const { batch, height, width } = nominal;
  const random = new TorchGenerator(19);
  const embeddings = model.textEncoders.map(({ architecture }) =>
    random.randn([vectors, architecture.width], { std: 0.02 }),
  );
  const ids = Array.from({ length: 77 }, (_, i) =>
    i === 0 ? startOfText : i <= Math.min(vectors, 75) ? firstPlaceholderId + i - 1 : endOfText,
  );
  const texts = Array.from({ length: batch * layers }, () => Array.from({ length: chunks }, () => ids));
  const samples = {
    latents: random.randn([batch, model.unet.architecture.outChannels, height, width]),
    tokenIds: model.textEncoders.map(() => texts),
    priorLossWeights: new Array<number>(batch).fill(1),
    mask: hasMask ? full([batch, 1, height, width]) : undefined,
    timeIds:
      model.family === "sdxl"
        ? Array.from({ length: batch }, () => [8 * height, 8 * width, 0, 0, 8 * height, 8 * width])
        : undefined,
  };
  const inputs = { step: 0, embeddings, generators: seededGenerators(19), accumulationSteps: 1, lossScale: undefined };
  const one = async function* () {
    yield samples;
  };
  const rules = { options: local.options, of, want: "usedRows" as const, storeBlob: blobs.storeBlob };
  for await (const made of jobsOf(inputs, one(), rules)) {
    const job = { ...made, kind: "probe" as const };
    const outcome = await computeJob(job, local, blobs.fetchBlob);
    const { losses, gradients, ms } = outcome;
    return { probe: { job: seal.sign(job), losses, gradients, digest: outcomeDigest(outcome) }, probeMs: ms.run };
  }
  throw new Error("the probe has no job");
}

function full(shape: readonly number[]): NdArray<Float32Array> {
  return arrayOf(shape, new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1));
}
