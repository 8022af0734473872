import type { RunnerContext } from "../../training/index.ts";
import type { BlobServer } from "../blobs/server.ts";
import { mostPackedBytes, packed, unpacked } from "../protocol/latents.ts";
import type { Manifest } from "../protocol/manifest.ts";
import { sha256 } from "../protocol/signed.ts";
import { pieceOf } from "./jobs.ts";

/** Makes the latents and masks of all images to be had as one blob; undefined where they are too many: then workers fetch each when a job names it. */
export async function giveLatents(
  { images }: Pick<RunnerContext, "images">,
  blobs: Pick<BlobServer, "addBytes">,
): Promise<Manifest["latents"]> {
  const pieces = new Map<string, Uint8Array>();
  let total = 0;
  for await (const { latents, mask } of images())
    for (const array of mask ? [latents, mask] : [latents]) {
      const piece = pieceOf(array, 0);
      const digest = sha256(piece);
      if (!pieces.has(digest)) total += piece.length;
      if (total > mostPackedBytes) return undefined;
      pieces.set(digest, piece);
    }
  const blob = packed([...pieces.values()]);
  // jobs name the same ones: as views of the blob they take no memory of their own
  const views = unpacked(blob);
  for (const [i, digest] of [...pieces.keys()].entries()) blobs.addBytes(digest, views[i]!);
  const digest = sha256(blob);
  blobs.addBytes(digest, blob);
  return { sha256: digest, bytes: blob.length };
}
