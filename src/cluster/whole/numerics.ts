import { tinySdFolder } from "../../assets/index.ts";
import { openCheckpoint } from "../../checkpoint/index.ts";
import { diffusionModel } from "../../models/index.ts";
import { openDevice } from "../../runtime/index.ts";
import { lowerMicroStep, type MicroStepPlan } from "../../training/index.ts";
import { makeProbe } from "../coordinator/probe.ts";
import { Seal } from "../protocol/signed.ts";

/** A micro-step that every machine can compute: its model comes with the program. */
const plan: MicroStepPlan = {
  graph: { chunks: 1, lossType: "l2", hasMask: false, nominal: { batch: 2, height: 16, width: 16 }, multipleOf: 4 },
  withoutKernelCopies: false,
  split: 1,
  hasZeroTerminalSnr: false,
  options: { predictionType: "epsilon", huberSchedule: "snr", huberC: 0.1, huberScale: 1 },
};

/** How a device rounds: a digest of a micro-step of the small model, equal where its bits are. With equal digests large models may still round differently. */
export async function deviceNumerics(
  device: Parameters<typeof openDevice>[0]["device"],
  threads: number,
): Promise<{ readonly digest: string; readonly device: string }> {
  const checkpoint = await openCheckpoint(tinySdFolder);
  const model = diffusionModel({ ...checkpoint, family: checkpoint.family.value });
  const { runtime, computeDtype } = await openDevice({ device, threads, wantsFloat16: false });
  try {
    const { program, context } = lowerMicroStep(plan, model, runtime, computeDtype);
    const blobs = new Map<string, Uint8Array>();
    const { probe } = await makeProbe(
      { model, vectors: 1, plan, local: { ...context, program: await program.load() } },
      { run: "probe", incarnation: "0" },
      new Seal(undefined),
      { storeBlob: (digest, bytes) => void blobs.set(digest, bytes), fetchBlob: async (digest) => blobs.get(digest)! },
    );
    return { digest: probe.digest, device: runtime.device };
  } finally {
    await runtime.close();
  }
}
