import { arrayOf, type NdArray } from "../array/index.ts";
import { CoinageError } from "../errors/index.ts";
import type { Networks } from "../networks/index.ts";
import type { PromptWords } from "../tokenizer/index.ts";
import { encodeTexts } from "./conditioning/encode-texts.ts";
import type { Condition } from "./denoise.ts";
import { type TextGroup, textGroups } from "./guidance.ts";
import type { PictureBatch, Sampling } from "./request.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface BatchCondition extends Condition {
  /** Prompts of which a part was cut. */
  readonly truncated: readonly string[];
}

/** Encodes the texts of a batch, and for SDXL what it is told about sizes.
 *  @throws PROMPT_WEIGHT_INVALID, PROMPT_UNSUPPORTED, RUNTIME */
export async function conditionOf(
  { sampling, pictures }: PictureBatch,
  networks: Networks,
  vocabulary: Vocabulary,
): Promise<BatchCondition> {
  const groups = textGroups(sampling);
  const textOf = {
    negative: pictures.map(({ negativePrompt }) => negativePrompt),
    positive: pictures.map(({ prompt }) => prompt),
    empty: pictures.map(() => ""),
  };
  const { words } = vocabulary.tokenizers[0]!;
  if (sampling.flavour === "generation") for (const prompt of textOf.positive) refuseRegions(prompt, words);
  const texts = groups.flatMap((group) => textOf[group]);
  const { context, pooled, truncated } = await encodeTexts(texts, networks, vocabulary, sampling);
  return {
    groups: groups.length,
    context,
    ...(pooled && { pooled, timeIds: sizeRows(groups, pictures.length, sampling) }),
    truncated: [...new Set(truncated)],
  };
}

/** @throws PROMPT_UNSUPPORTED for sd-scripts' prompts by region, which are several prompts in one. */
export function refuseRegions(prompt: string, words?: PromptWords): void {
  const parts = words?.parts(prompt) ?? [{ text: prompt, isName: false }];
  if (!parts.some(({ text, isName }) => !isName && text.includes(" AND "))) return;
  throw new CoinageError("PROMPT_UNSUPPORTED", 'Prompts for several regions, joined by " AND ", are not there yet.', {
    where: prompt,
    hint: 'Write "and" in small letters, or a comma.',
  });
}

/** Original height and width, crop top and left, height and width, a row for each text: [groups * B, 6]. */
function sizeRows(groups: readonly TextGroup[], count: number, sampling: Sampling): NdArray<Float32Array> {
  const { width, height, sizeConditions = {} } = sampling;
  const { originalHeight = height, originalWidth = width, cropTop = 0, cropLeft = 0 } = sizeConditions;
  const { originalHeightNegative = originalHeight, originalWidthNegative = originalWidth } = sizeConditions;
  const rows = groups.flatMap((group) => {
    const original =
      group === "positive" ? [originalHeight, originalWidth] : [originalHeightNegative, originalWidthNegative];
    const row = [...original, cropTop, cropLeft, height, width];
    return Array.from({ length: count }, () => row).flat();
  });
  return arrayOf([groups.length * count, 6], rows);
}
