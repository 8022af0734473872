export { imageTexts } from "./files/image-texts.ts";
export { sampleFileName } from "./files/names.ts";
export { type GeneratedImage, generatedImage } from "./files/write.ts";
export { parseSamplePrompt, readSamplePrompts, type SampleRequest } from "./prompts/sample-prompts.ts";
export { typedLines } from "./prompts/typed.ts";
export { WordUse } from "./prompts/word-use.ts";
export { type GenerationRunOptions, generateFromSettings } from "./run.ts";
export type { BatchStepEvent, GenerationRunEvent, ImageOfRun, PreviewOfBatch } from "./run-events.ts";
