import { strip } from "../captions/strip.ts";
import type { DatasetWarnings } from "../warnings.ts";
import type { ImageEntry } from "./entry.ts";

const alternatives = /\{[^{}|]*\|[^{}]*\}/;

/** Notes a caption that was written and will not be used as its writer may think. */
export function noteCaption({ path, caption, subset }: ImageEntry, warnings: DatasetWarnings): void {
  const { enableWildcard, keepTokensSeparator, shuffleCaption, tokenWarmupStep, captionTagDropoutRate } =
    subset.captions;
  if (caption === "") warnings.add("captionBlank", path);
  const areTagsArranged = shuffleCaption || tokenWarmupStep > 0 || captionTagDropoutRate > 0;
  if (keepTokensSeparator && caption.includes(keepTokensSeparator) && !areTagsArranged)
    warnings.add("captionSeparator", path);
  if (enableWildcard) return;
  if (caption.split("\n").slice(1).some(isWritten)) warnings.add("captionLines", path);
  if (alternatives.test(caption)) warnings.add("captionAlternatives", path);
}

function isWritten(line: string): boolean {
  return strip(line) !== "";
}
