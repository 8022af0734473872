import { PythonRandom } from "../../random/index.ts";
import type { DatasetPlan } from "../config/plan.ts";
import type { LoadContext } from "./context.ts";

/** The pictures of a folder that are left for training when `validation_split` sets some aside, in shuffled order. */
export function keepForTraining<Entry>(
  entries: readonly Entry[],
  plan: DatasetPlan,
  { random, warnings }: LoadContext,
): readonly Entry[] {
  const { validationSplit: split, validationSeed: seed } = plan;
  if (split === 0) return entries;
  if (split < 0 || split > 1) {
    // differs from sd-scripts: a share above 1 still takes pictures away there.
    warnings.add("validationSplitIgnored", String(split));
    return entries;
  }
  const shuffled = [...entries];
  (seed === undefined ? random : new PythonRandom(seed)).shuffle(shuffled);
  return shuffled.slice(0, Math.ceil(shuffled.length * (1 - split)));
}
