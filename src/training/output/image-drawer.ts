import type { NdArray } from "../../array/index.ts";
import type { SampleRequest } from "../../generation/index.ts";
import type { Picture } from "../../pictures/index.ts";
import type { ClusterEvent } from "../events.ts";

/** When a sample image is drawn; part of its name. */
export type At = { readonly epoch: number } | { readonly step: number };

/** A sample image to draw, now or later. */
export interface ImageOrder {
  /** The request, with a seed in any case. */
  readonly request: SampleRequest & { readonly seed: number };
  /** The learned vectors at the time of the order, per text encoder. */
  readonly embeddings: readonly NdArray<Float32Array>[];
  readonly at: At;
  /** Number of the prompt, from 0. */
  readonly index: number;
  /** Whether its seed was given; it is then part of the name. */
  readonly isSeeded: boolean;
  /** Progress of the run at the time of the order. */
  readonly step: number;
  readonly epoch: number;
}

/** News of images handed out to other machines. by: the worker; undefined for this machine. */
export type DrawerNews =
  | { readonly kind: "drawn"; readonly order: ImageOrder; readonly picture: Picture; readonly by: string | undefined }
  | { readonly kind: "notDrawn"; readonly order: ImageOrder; readonly problem: unknown }
  | ClusterEvent;

/** Draws an image on this machine: yields undefined after each step, then the image, unless stopped. */
export type DrawHere = (order: ImageOrder) => AsyncGenerator<Picture | undefined>;

/** Has other machines draw sample images while the run continues. */
export interface ImageDrawer {
  /** Whether a worker is available. */
  isReady(): boolean;
  /** here: draws the image on this machine if no worker does. */
  handOut(order: ImageOrder, here: DrawHere): void;
  /** Images not drawn yet. */
  readonly waiting: number;
  /** News since the last call. */
  news(): Iterable<DrawerNews>;
  /** Waits for all images handed out, or until the run is to stop; this machine draws as well. */
  finish(): AsyncIterable<DrawerNews>;
}
