export { encodeModel } from "./encode.ts";
export type { OnnxAttribute, OnnxInitializer, OnnxModel, OnnxNode, OnnxValue } from "./model.ts";
