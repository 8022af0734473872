import path from "node:path";

/** Types of the pictures that are given out, by their endings. SVG and HTML are none of them. */
const types: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
  ".gif": "image/gif",
  ".bmp": "image/bmp",
  ".tif": "image/tiff",
  ".tiff": "image/tiff",
  ".avif": "image/avif",
};

/** The type of a picture by its name; undefined for what is not sent as one. */
export function pictureType(name: string): string | undefined {
  return types[path.extname(name).toLowerCase()];
}
