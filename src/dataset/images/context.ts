import type { PythonRandom } from "../../random/index.ts";
import type { LatentCaching } from "../latents/store.ts";
import type { DatasetWarnings } from "../warnings.ts";

/** What reading subsets needs beside their plan. */
export interface LoadContext {
  readonly warnings: DatasetWarnings;
  /** The run's generator: splits off validation pictures where they have no seed of their own. */
  readonly random: PythonRandom;
  /** Without it no latent cache is looked at. */
  readonly caching: LatentCaching | undefined;
}
