import type { EncodePictures, RunSharing } from "../src/training/index.ts";

/** A run's sharing, with the encoding of images on this machine wrapped by `around`. */
export function encodingHere(own: RunSharing, around: (encode: EncodePictures) => EncodePictures): RunSharing {
  return { ...own, openEncoder: (context) => own.openEncoder({ ...context, here: around(context.here) }) };
}
