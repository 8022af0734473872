export { encodeModel } from "./encode.ts";
export type { OnnxAttribute, OnnxGraph, OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from "./model.ts";
