export {
  captionChunks,
  captionIds,
  chunkCapacity,
  chunkCount,
  type MaxTokenLength,
  promptTokens,
  tokenizePrompts,
} from "./chunks.ts";
export {
  addLayeredPlaceholder,
  addPlaceholder,
  expandPlaceholder,
  freeWord,
  initialVectors,
  layerTexts,
  placeholderTokens,
  replacementsOf,
} from "./placeholder-tokens.ts";
export { parsePromptWeights } from "./prompt-weights.ts";
export { anyOf, type FoundName, type PromptWords, promptWords } from "./prompt-words.ts";
export { createTokenizer, type Padding, type Tokenizer } from "./tokenizer.ts";
export { bosId, eosId, plainWords } from "./vocabulary.ts";
