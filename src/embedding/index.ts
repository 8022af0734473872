export { type InitialVectors, loadLearnedWord, readInitialVectors, wordForModel, wordOfFile } from "./fit.ts";
export type { EmbeddingLayout } from "./layout.ts";
export { type LearnedWord, type TargetModel, vectorCount } from "./learned-word.ts";
export { type DescriptionKey, type ModelSpecInputs, modelSpecMetadata } from "./modelspec.ts";
export { type Naming, nameForAll, namingProblems } from "./naming.ts";
export { diffusersLines, limitsOfFile } from "./other-programs.ts";
export { flawOfPair, flawOfWidth } from "./pair.ts";
export { type CarrierKind, carrierOf, carrierStart } from "./picture.ts";
export type { SavePrecision } from "./precision.ts";
export { type EmbeddingFile, readEmbeddingFile } from "./read.ts";
export {
  encodeEmbedding,
  holdsWord,
  type WriteOptions,
  type WrittenLayout,
  writeEmbedding,
  writtenLayouts,
} from "./write.ts";
