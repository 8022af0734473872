import { CoinageError } from "../../errors/index.ts";
import type { DiffusionModel } from "../../models/index.ts";
import type { BlobStore } from "../blobs/store.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { modelFrom, modelSchema, type Network } from "../protocol/model.ts";

/** Fetches a model that a manifest describes, as far as some of its networks need it. report: tells people. @throws CLUSTER_WEIGHTS, CLUSTER_PROTOCOL */
export async function fetchModel(
  { model, weights, blobs: source }: Pick<Manifest, "model" | "weights" | "blobs">,
  networks: readonly Network[],
  blobs: BlobStore,
  report: (text: string) => void,
): Promise<DiffusionModel> {
  const files = new Map<string, { readonly path: string; readonly bytes: number }>();
  for (const { sha256, bytes, path, hub } of weights) {
    let last = 0;
    const told = (done: number) => {
      const percent = Math.floor((100 * done) / bytes);
      if (percent >= last + 10) report(`fetching weights: ${percent} % of ${Math.round(bytes / 1e6)} MB`);
      if (percent >= last + 10) last = percent;
    };
    const wanted = { sha256, bytes, ...(path && { path }), ...(hub && { hub }) };
    files.set(sha256, { path: await blobs.file(wanted, source, told), bytes });
  }
  const text = new TextDecoder().decode(await blobs.bytes(model.sha256, source));
  const { success, data } = modelSchema.safeParse(JSON.parse(text));
  if (!success) throw new CoinageError("CLUSTER_PROTOCOL", "The description of the model is not understood.");
  return modelFrom(data, files, networks);
}
