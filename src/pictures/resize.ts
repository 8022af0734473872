import { type OpencvMethod, resizeLikeOpencv } from "./opencv.ts";
import type { Picture, Size } from "./picture.ts";
import { type PillowFilter, resizeLikePillow } from "./pillow.ts";

/** The values of `resize_interpolation`. */
export const interpolations = ["lanczos", "nearest", "bilinear", "linear", "bicubic", "cubic", "area", "box"] as const;

export type Interpolation = (typeof interpolations)[number];

const pillowFilters: Partial<Record<Interpolation, PillowFilter>> = { lanczos: "lanczos", box: "box" };

const opencvMethods: Partial<Record<Interpolation, OpencvMethod>> = {
  nearest: "nearest",
  bilinear: "bilinear",
  linear: "bilinear",
  bicubic: "bicubic",
  cubic: "bicubic",
  area: "area",
};

/** Resizes a training picture as sd-scripts does. By default with area if no side grows, else with Lanczos. */
export function resizePicture(picture: Picture, size: Size, method?: Interpolation): Picture {
  const isGrowing = size[0] > picture.width || size[1] > picture.height;
  const chosen = method ?? (isGrowing ? "lanczos" : "area");
  const filter = pillowFilters[chosen];
  return filter ? resizeLikePillow(picture, size, filter) : resizeLikeOpencv(picture, size, opencvMethods[chosen]!);
}
