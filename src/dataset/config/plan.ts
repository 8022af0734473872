import type { Colour, Interpolation, Size } from "../../pictures/index.ts";
import type { DatasetKind, PartOf } from "./keys.ts";

/** A dataset as configured: every value settled, nothing read from disk yet. */
export interface DatasetPlan extends Omit<PartOf<"dataset">, "resolution"> {
  readonly kind: DatasetKind;
  readonly resolution: Size;
  readonly resizeInterpolation: Interpolation | undefined;
  /** Loss weight of regularisation images. */
  readonly priorLossWeight: number;
  readonly subsets: readonly SubsetPlan[];
}

/** A folder of images or a metadata file, with the settings for its captions and images. */
export interface SubsetPlan extends Omit<PartOf<"subset">, "alphaBackground" | "resizeInterpolation"> {
  readonly alphaBackground: Colour | undefined;
  readonly resizeInterpolation: Interpolation | undefined;
  readonly captions: CaptionSettings;
}

/** How captions are changed each time they are used. */
export type CaptionSettings = PartOf<"captions">;

/** SDXL has another VAE, so its latents are kept apart. */
export type LatentFamily = "sd" | "sdxl";

/** How the latents of a run are cached. */
export interface LatentCaching {
  readonly family: LatentFamily;
  readonly vaeBatchSize: number;
  /** Keep latents in files beside the images. */
  readonly toDisk: boolean;
  /** Trust files by their name. */
  readonly skipCheck: boolean;
}
