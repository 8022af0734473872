import type { NdArray } from "../../array/index.ts";
import type { SampleRequest } from "../../generation/index.ts";
import type { Picture } from "../../pictures/index.ts";
import type { ClusterEvent } from "../events.ts";

/** When sample images are drawn decides their names. */
export type At = { readonly epoch: number } | { readonly step: number };

/** A sample image that is to be drawn, whenever that will be. */
export interface ImageOrder {
  /** With the seed that it is drawn with. */
  readonly request: SampleRequest & { readonly seed: number };
  /** The learned vectors as they were, per text encoder. */
  readonly embeddings: readonly NdArray<Float32Array>[];
  readonly at: At;
  /** Number of the prompt, from 0. */
  readonly index: number;
  /** Whether its seed was given, and is part of its name. */
  readonly isSeeded: boolean;
  /** How far the run was. */
  readonly step: number;
  readonly epoch: number;
}

/** What is heard of images that others draw. by: the worker; undefined for this machine. */
export type DrawerNews =
  | { readonly kind: "drawn"; readonly order: ImageOrder; readonly picture: Picture; readonly by: string | undefined }
  | { readonly kind: "notDrawn"; readonly order: ImageOrder; readonly problem: unknown }
  | ClusterEvent;

/** Draws an image on this machine: gives nothing after each step, and then the image; no image when it was stopped. */
export type DrawHere = (order: ImageOrder) => AsyncGenerator<Picture | undefined>;

/** Has sample images drawn by other machines while the run goes on. */
export interface ImageDrawer {
  /** Whether somebody is there who draws. */
  isReady(): boolean;
  /** here: draws it on this machine, where others do not. */
  handOut(order: ImageOrder, here: DrawHere): void;
  /** Images that are not there yet. */
  readonly waiting: number;
  /** What was heard since it was asked last. */
  news(): Iterable<DrawerNews>;
  /** Waits for all images that were handed out, or until the run is to stop; this machine draws, too. */
  finish(): AsyncIterable<DrawerNews>;
}
