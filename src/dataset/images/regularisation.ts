import type { ImageEntry } from "./entry.ts";

/** As many regularisation samples as there are training samples: surplus pictures are left out, missing ones made up by repeating the first ones. */
export function balanceRegularisation(entries: readonly ImageEntry[], numTrainImages: number): ImageEntry[] {
  const balanced: ImageEntry[] = [];
  if (entries.length === 0) return balanced;
  let samples = 0;
  for (const entry of entries) {
    if (samples >= numTrainImages) return balanced;
    balanced.push(entry);
    samples += entry.repeats;
  }
  const missing = Math.max(0, numTrainImages - samples);
  return balanced.map((entry, i) => {
    const extra = Math.floor(missing / entries.length) + (i < missing % entries.length ? 1 : 0);
    return { ...entry, repeats: entry.repeats + extra };
  });
}
