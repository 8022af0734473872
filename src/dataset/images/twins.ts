import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import { mapBounded } from "../bounded.ts";
import type { TrainingImage } from "./training-image.ts";

type Twins = readonly [first: TrainingImage, second: TrainingImage];

const filesAtOnce = 8;
const chunkBytes = 65536;

/** Pictures of a subset whose files are equal byte for byte, each with the first of its kind.
 *  Cheap: only files of equal picture size and length are read, and to the end only those whose middle is equal as well. */
export async function findTwins(images: readonly TrainingImage[]): Promise<Twins[]> {
  const subsets = new Map(images.map(({ subset }, i) => [subset, i]));
  const bySize = await refine([images], async ({ subset, size }) => `${subsets.get(subset)} ${size.join("x")}`);
  const byLength = await refine(bySize, async ({ path }) => `${(await stat(path)).size}`);
  const byMiddle = await refine(byLength, ({ path }) => hashOf(path, "middle"));
  const twins = await refine(byMiddle, ({ path }) => hashOf(path, "whole"));
  return twins.flatMap(([first, ...others]) => others.map((other) => [first!, other] as const));
}

/** Parts every group by a key and keeps the parts that have several pictures. A file that cannot be read is like no other: whoever needs it will tell. */
async function refine(
  groups: readonly (readonly TrainingImage[])[],
  keyOf: (image: TrainingImage) => Promise<string>,
): Promise<TrainingImage[][]> {
  const parts: TrainingImage[][] = [];
  for (const group of groups) {
    const keys = await mapBounded(group, filesAtOnce, (image) => keyOf(image).catch(() => undefined));
    const byKey = new Map<string, TrainingImage[]>();
    for (const [i, image] of group.entries()) {
      const key = keys[i];
      if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), image]);
    }
    parts.push(...[...byKey.values()].filter(({ length }) => length > 1));
  }
  return parts;
}

async function hashOf(file: string, part: "middle" | "whole"): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = new Uint8Array(chunkBytes);
    const hash = createHash("sha256");
    const start = part === "middle" ? Math.max(0, Math.floor((size - chunkBytes) / 2)) : 0;
    const end = part === "middle" ? Math.min(size, start + chunkBytes) : size;
    for (let at = start; at < end; ) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(chunkBytes, end - at), at);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return hash.digest("hex");
  } finally {
    await handle.close();
  }
}
