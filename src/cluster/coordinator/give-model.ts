import type { Checkpoint } from "../../checkpoint/index.ts";
import { hubPlaceOf } from "../../hub/index.ts";
import { blobFolder, FileDigests } from "../blobs/digests.ts";
import type { BlobServer } from "../blobs/server.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { describeModel, encodeModel, type Network, weightSources } from "../protocol/model.ts";
import { sha256 } from "../protocol/signed.ts";

/** Makes a model to be had by workers: its description, and the files of each network, in this order, without those of the networks before. */
export async function giveModel(
  checkpoint: Checkpoint,
  networks: readonly (readonly Network[])[],
  blobs: BlobServer,
): Promise<{ readonly model: Manifest["model"]; readonly weights: readonly Manifest["weights"][] }> {
  const hashes = new FileDigests(blobFolder(process.env));
  const digests = new Map<string, string>();
  const known = new Set<string>();
  const weights: Manifest["weights"][] = [];
  for (const some of networks) {
    const own: Manifest["weights"] = [];
    const add = (one: Manifest["weights"][number]) => {
      if (!known.has(one.sha256)) own.push(one);
      known.add(one.sha256);
    };
    const { files, loose } = weightSources(checkpoint, some);
    for (const { path: file, bytes } of files) {
      const digest = digests.get(file) ?? (await hashes.digestOf(file));
      digests.set(file, digest);
      blobs.addFile(digest, file);
      const hub = hubPlaceOf(file);
      add({ sha256: digest, bytes, path: file, ...(hub && { hub }) });
    }
    for (const bytes of loose) {
      const digest = sha256(bytes);
      blobs.addBytes(digest, bytes);
      add({ sha256: digest, bytes: bytes.length, path: "" });
    }
    weights.push(own);
  }
  const description = encodeModel(describeModel(checkpoint, networks.flat(), (file) => digests.get(file)!));
  const model = { sha256: sha256(description), bytes: description.length };
  blobs.addBytes(model.sha256, description);
  return { model, weights };
}
