import type { NdArray } from "../../array/index.ts";
import { clipMerges } from "../../assets/index.ts";
import { type Checkpoint, tokenRows, tokenTables } from "../../checkpoint/index.ts";
import { initialVectors, plainWords } from "../../tokenizer/index.ts";
import { type PreparedPlaceholder, repeatedForLayers } from "../setup/placeholder.ts";

/** Things that people take photos of and shapes that they draw. */
const things = [
  ...["person", "man", "woman", "girl", "boy", "child", "baby", "face", "hand"],
  ...["dog", "puppy", "cat", "kitten", "bird", "horse", "cow", "fish", "bear", "rabbit", "dragon", "animal"],
  ...["toy", "doll", "robot", "monster", "car", "truck", "bike", "boat", "plane", "train"],
  ...["house", "building", "tower", "room", "garden", "chair", "table", "lamp", "clock"],
  ...[
    "cup",
    "mug",
    "bottle",
    "bowl",
    "plate",
    "vase",
    "box",
    "book",
    "bag",
    "backpack",
    "shoe",
    "boot",
    "hat",
    "shirt",
  ],
  ...["dress", "glasses", "ring", "necklace", "watch", "phone", "camera", "guitar", "ball", "candle", "key", "coin"],
  ...["flower", "tree", "plant", "leaf", "fruit", "cake", "food", "stone", "statue", "painting", "logo", "pattern"],
  ...["circle", "square", "triangle", "star", "heart", "cross", "diamond"],
];

const styles = [
  ...["painting", "drawing", "sketch", "illustration", "cartoon", "comic", "anime", "manga", "poster", "photo"],
  ...["watercolor", "pastel", "ink", "oil", "pencil", "chalk", "mosaic", "graffiti", "collage", "fresco", "engraving"],
  ...["pixel", "vintage", "abstract", "modern", "gothic", "cubism", "baroque", "minimalist", "fantasy", "noir"],
];

/** Words to try as init word: those of the lists that are single tokens. */
export async function wordsToTry(kind: "thing" | "style"): Promise<readonly string[]> {
  const singles = new Set(plainWords(await clipMerges()).values());
  return (kind === "style" ? styles : things).filter((word) => singles.has(word));
}

/** The embeddings that a run with this init word starts from: [vectors, width] per text encoder; with layers, layer after layer.
 *  @throws INIT_WORD_EMPTY */
export function embeddingsOfWord(
  word: string,
  checkpoint: Checkpoint,
  { tokenizers, tokens, layers }: Pick<PreparedPlaceholder, "tokenizers" | "tokens" | "layers">,
): NdArray<Float32Array>[] {
  const { ids } = initialVectors(tokenizers[0]!, word, tokens.length);
  return tokenTables(checkpoint).map((table) => {
    const start = tokenRows(table, ids);
    return layers ? repeatedForLayers(start, layers.length) : start;
  });
}
