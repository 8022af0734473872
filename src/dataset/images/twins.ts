import { stat } from "node:fs/promises";
import { mapBounded } from "../bounded.ts";
import { digestOfFile } from "./file-digest.ts";
import type { TrainingImage } from "./training-image.ts";

type Twins = readonly [first: TrainingImage, second: TrainingImage];

const filesAtOnce = 8;

/** Pictures of a subset whose files are equal byte for byte, each with the first of its kind.
 *  Cheap: only files of equal picture size and length are read, and to the end only those whose middle is equal as well. */
export async function findTwins(images: readonly TrainingImage[]): Promise<Twins[]> {
  const subsets = new Map(images.map(({ subset }, i) => [subset, i]));
  const bySize = await refine([images], async ({ subset, size }) => `${subsets.get(subset)} ${size.join("x")}`);
  const byLength = await refine(bySize, async ({ path }) => `${(await stat(path)).size}`);
  const byMiddle = await refine(byLength, ({ path }) => digestOfFile(path, "middle"));
  const twins = await refine(byMiddle, ({ path }) => digestOfFile(path, "whole"));
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
