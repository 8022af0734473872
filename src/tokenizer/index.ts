export {
  captionChunks,
  captionIds,
  chunkCapacity,
  chunkLength,
  type MaxTokenLength,
} from "./caption-chunks.ts";
export {
  addLayeredWord,
  addWord,
  type InitialVectors,
  initialVectors,
  type LearnedWord,
  layerTexts,
  replacementsOf,
  replaceWord,
  tokensOfWord,
} from "./learned-words.ts";
export {
  type EncodedPrompt,
  encodePrompts,
  type PromptOptions,
  promptTokens,
  type WeightedTokens,
} from "./prompt-chunks.ts";
export { parsePromptWeights, type WeightedText } from "./prompt-weights.ts";
export { anyOf, type FoundName, type PromptWords, promptWords } from "./prompt-words.ts";
export { createTokenizer, type Padding, type Tokenizer } from "./tokenizer.ts";
export { bosId, eosId } from "./vocabulary.ts";
