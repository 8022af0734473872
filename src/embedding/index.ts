export {
  checkEmbedding,
  embeddingForModel,
  embeddingOfFile,
  flawOfPair,
  flawOfWidth,
  readInitialVectors,
} from "./fit.ts";
export type { EmbeddingLayout, SeveralTensors } from "./layout.ts";
export { type LearnedEmbedding, type TargetModel, vectorCount } from "./learned-embedding.ts";
export { type ModelSpecInputs, modelSpecMetadata } from "./modelspec.ts";
export {
  callIn,
  diffusersLines,
  limitsOfFile,
  nameElsewhere,
  nameForAll,
  namingProblems,
  usesInPrograms,
} from "./other-programs.ts";
export { type CarrierKind, carrierOf, carrierStart } from "./picture.ts";
export { type Program, programs, tablesFoundBy } from "./program-rules.ts";
export { type EmbeddingFile, readEmbeddingFile } from "./read.ts";
export {
  encodeEmbedding,
  holdsEmbedding,
  type SavePrecision,
  type WriteOptions,
  type WrittenLayout,
  writeEmbedding,
  writtenLayouts,
} from "./write.ts";
