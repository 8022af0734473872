import type { EncodePictures, RunSharing } from "../src/training/index.ts";

/** The same sharing of a run, with something around the encoding of images on this machine. */
export function encodingHere(own: RunSharing, around: (encode: EncodePictures) => EncodePictures): RunSharing {
  return { ...own, openEncoder: (context) => own.openEncoder({ ...context, here: around(context.here) }) };
}
