export { contactSheet, type SheetEntry, thumbnailOf } from "./contact-sheet.ts";
export { decodePicture, pictureExtensions, readPictureSize } from "./decode.ts";
export { encodePng } from "./encode.ts";
export { channelToFloats, pictureFromFloats, pictureToFloats, signedUnit } from "./floats.ts";
export { type OpencvMethod, resizeLikeOpencv } from "./opencv.ts";
export { type Channels, cropPicture, dropAlpha, mirrorPicture, type Picture, type Size, toGrey } from "./picture.ts";
export { type PillowFilter, resizeLikePillow } from "./pillow.ts";
export { type Interpolation, interpolations, resizePicture } from "./resize.ts";
export { roundHalfEven } from "./rounding.ts";
