import path from "node:path";

/** Media types of served pictures, by extension. Never SVG or HTML, which can contain scripts. */
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

/** The media type of a picture by its name; undefined if it is not served. */
export function pictureType(name: string): string | undefined {
  return types[path.extname(name).toLowerCase()];
}
