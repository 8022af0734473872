import type { Checkpoint } from "../../checkpoint/index.ts";
import { hubPlaceOf } from "../../hub/index.ts";
import type { RunnerContext } from "../../training/index.ts";
import { blobFolder, FileDigests } from "../blobs/digests.ts";
import type { BlobServer } from "../blobs/server.ts";
import { mostPackedBytes, packed, unpacked } from "../protocol/latents.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { describeModel, encodeModel, type Network, weightSources } from "../protocol/model.ts";
import { sha256 } from "../protocol/signed.ts";
import { itemBytes } from "./jobs.ts";

/** Serves a model to workers: its description and weights. weights: for each group of networks, the files that no earlier group has. */
export async function serveModel(
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

/** Serves the latents and masks of all images, packed into one blob; undefined if they are too large for that: workers then fetch each when a job names it. */
export async function serveLatents(
  { images }: Pick<RunnerContext, "images">,
  blobs: Pick<BlobServer, "addBytes">,
): Promise<Manifest["latents"]> {
  const pieces = new Map<string, Uint8Array>();
  let total = 0;
  for await (const { latents, mask } of images())
    for (const array of mask ? [latents, mask] : [latents]) {
      const piece = itemBytes(array, 0);
      const digest = sha256(piece);
      if (!pieces.has(digest)) total += piece.length;
      if (total > mostPackedBytes) return undefined;
      pieces.set(digest, piece);
    }
  const blob = packed([...pieces.values()]);
  // jobs name the single pieces, too; as views of the blob they need no extra memory
  const views = unpacked(blob);
  for (const [i, digest] of [...pieces.keys()].entries()) blobs.addBytes(digest, views[i]!);
  const digest = sha256(blob);
  blobs.addBytes(digest, blob);
  return { sha256: digest, bytes: blob.length };
}
