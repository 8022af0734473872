import type { Size } from "../../pictures/index.ts";
import type { SubsetPlan } from "../config/plan.ts";

/** A picture of a subset before its size is known. */
export interface ImageEntry {
  /** How sd-scripts names it: the path, or the key in the metadata file. */
  readonly key: string;
  readonly path: string;
  /** As read, before anything random happens to it. */
  readonly caption: string;
  readonly repeats: number;
  readonly isReg: boolean;
  readonly subset: SubsetPlan;
  /** Known beforehand: from metadata, or from the name of the latent cache that stands in. */
  readonly size?: Size;
  /** The picture that says how much each place counts in the loss. */
  readonly maskPath?: string;
  /** A latent cache that stands in for a picture that is not there. */
  readonly onlyLatents?: string;
}

/** What reading a dataset's subsets found. */
export interface LoadedSubsets {
  /** Registered pictures, normal ones first. */
  readonly entries: readonly ImageEntry[];
  readonly subsets: readonly LoadedSubset[];
  /** Normal pictures, each as often as it is repeated. */
  readonly numTrainImages: number;
  /** Regularisation pictures with their own repeats, before they are balanced against the normal ones. */
  readonly numRegImages: number;
}

export interface LoadedSubset {
  readonly plan: SubsetPlan;
  readonly imageCount: number;
}
