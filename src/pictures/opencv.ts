import { shrinkByArea } from "./opencv-area.ts";
import { resizeCubic } from "./opencv-cubic.ts";
import { resizeLinear } from "./opencv-linear.ts";
import type { Picture, Size } from "./picture.ts";

/** OpenCV's resize methods for 8-bit pictures. None but area antialiases; channels are filtered independently, alpha too. */
export type OpencvMethod = "nearest" | "bilinear" | "bicubic" | "area";

/** Resizes as OpenCV's `cv2.resize` does with INTER_NEAREST_EXACT, INTER_LINEAR, INTER_CUBIC or INTER_AREA. */
export function resizeLikeOpencv(picture: Picture, size: Size, method: OpencvMethod): Picture {
  const [width, height] = size;
  if (width === picture.width && height === picture.height) return picture;
  const isShrinking = width <= picture.width && height <= picture.height;
  const isHalving = width * 2 === picture.width && height * 2 === picture.height;
  if (method === "nearest") return resizeNearest(picture, size);
  if (method === "bicubic") return resizeCubic(picture, size);
  if (method === "area") return isShrinking ? shrinkByArea(picture, size) : resizeLinear(picture, size, "area");
  return isHalving ? shrinkByArea(picture, size) : resizeLinear(picture, size, "bilinear");
}

function resizeNearest(picture: Picture, [width, height]: Size): Picture {
  const { channels } = picture;
  const columns = nearestPositions(picture.width, width);
  const rows = nearestPositions(picture.height, height);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (rows[y]! * picture.width + columns[x]!) * channels;
      for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = picture.data[from + c]!;
    }
  }
  return { width, height, channels, data };
}

/** The input position nearest to each output position, in OpenCV's 16-bit fixed point. */
function nearestPositions(from: number, to: number): number[] {
  const step = Math.floor((from * 65536 + Math.floor(to / 2)) / to);
  const start = Math.floor(step / 2) - (from % 2);
  return Array.from({ length: to }, (_, i) => Math.min(Math.floor((step * i + start) / 65536), from - 1));
}
