export type { WeightNormalization } from "./conditioning/weighted-states.ts";
export type { GeneratorParts } from "./context.ts";
export { openGenerator, type PictureGenerator } from "./generator.ts";
export { type PreviewMoment, previewFileName } from "./preview/file-name.ts";
export { type PreviewOptions, type PreviewPrompts, readPreviewPrompts } from "./preview/prompts.ts";
export type * from "./request.ts";
export { type GenerationRunOptions, generateFromSettings } from "./run.ts";
export type { BatchStepEvent, GenerationRunEvent } from "./run-events.ts";
export { type NamedWord, plainVocabulary, type Vocabulary, withLearnedWords } from "./vocabulary.ts";
