import { tinySdFolder } from "../src/assets/index.ts";
import { openCheckpoint } from "../src/checkpoint/index.ts";
import { type DiffusionModel, diffusionModel } from "../src/models/index.ts";

/** The small model included with the project. */
export async function openTinySd(): Promise<DiffusionModel> {
  const checkpoint = await openCheckpoint(tinySdFolder);
  return diffusionModel({ ...checkpoint, family: checkpoint.family.value });
}
