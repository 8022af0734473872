import { arrayOf, concatenate, type NdArray, toFloat32 } from "../array/index.ts";
import { familyNames } from "../checkpoint/index.ts";
import { checkEmbedding, type LearnedEmbedding, type TargetModel, vectorCount } from "../embedding/index.ts";
import { CoinageError } from "../errors/index.ts";
import { type DiffusionModel, type ModelFamily, xtiLayers } from "../models/index.ts";
import {
  addLayeredPlaceholder,
  addPlaceholder,
  createTokenizer,
  type Padding,
  placeholderTokens,
  replacementsOf,
  type Tokenizer,
} from "../tokenizer/index.ts";

/** The words that prompts may use. */
export interface PromptVocabulary {
  /** One per text encoder, with the learned words added. */
  readonly tokenizers: readonly Tokenizer[];
  /** Vectors of the learned words for each text encoder [vectors, width]: row i belongs to id 49408 + i. Undefined: no learned words. */
  readonly embeddings?: readonly NdArray<Float32Array>[] | undefined;
  /** For words of several vectors: all ids, by the first. */
  readonly replacements?: ReadonlyMap<number, readonly number[]> | undefined;
  /** For words with vectors for each layer of the U-Net (P+, XTI): replacements of their ids, layer after layer. */
  readonly layerReplacements?: readonly ReadonlyMap<number, readonly number[]>[] | undefined;
}

const paddings: Readonly<Record<ModelFamily, readonly Padding[]>> = {
  sd1: ["eos"],
  sd2: ["bang"],
  sdxl: ["eos", "zero"],
};

/** A family's vocabulary without learned words. mergesText: CLIP's table of merges. */
export function plainVocabulary(family: ModelFamily, mergesText: string): PromptVocabulary {
  return { tokenizers: paddings[family].map((padding) => createTokenizer(mergesText, { padding })) };
}

/** A learned embedding with its name in prompts. */
export interface NamedEmbedding extends Pick<LearnedEmbedding, "vectors" | "layers"> {
  readonly name: string;
  /** Its file, for errors; undefined: from memory. */
  readonly file?: string | undefined;
}

/** The properties of a model that embeddings must fit. */
export function embeddingTarget({ family, textEncoders }: DiffusionModel): TargetModel {
  return { label: familyNames[family], widths: textEncoders.map(({ architecture }) => architecture.width) };
}

/** The vocabulary with embeddings from memory checked and added.
 *  @throws TOKEN_EXISTS, TOKEN_EMPTY, SETTINGS_CONFLICT, and as checkEmbedding */
export function withEmbeddingValues(
  vocabulary: PromptVocabulary,
  embeddings: readonly NamedEmbedding[],
  model: DiffusionModel,
): PromptVocabulary {
  const target = embeddingTarget(model);
  for (const embedding of embeddings) {
    const where = `the embedding "${embedding.name}"`;
    checkEmbedding(embedding, embedding.layers ? { ...target, layers: xtiLayers(model, where) } : target);
  }
  return withEmbeddings(vocabulary, embeddings);
}

/** The vocabulary with learned embeddings added: an embedding `S` of n vectors becomes the tokens S, S1, ...; S in a prompt stands for all of them.
 *  @throws TOKEN_EXISTS naming the file whose tokens are taken, TOKEN_EMPTY */
export function withEmbeddings(vocabulary: PromptVocabulary, embeddings: readonly NamedEmbedding[]): PromptVocabulary {
  return embeddings.reduce((known, { layers, ...embedding }) => {
    return layers ? withLayeredEmbedding(known, { ...embedding, layers }) : withEmbedding(known, embedding);
  }, vocabulary);
}

function withEmbedding(vocabulary: PromptVocabulary, embedding: NamedEmbedding): PromptVocabulary {
  const { name, vectors, file } = embedding;
  const count = vectorCount(embedding);
  const perEncoder = vocabulary.tokenizers.map((plain) =>
    explained(plain, embedding, () => addPlaceholder(plain, name, count, file)),
  );
  return {
    ...vocabulary,
    tokenizers: perEncoder.map(({ tokenizer }) => tokenizer),
    embeddings: vectors.map((table, encoder) => {
      const known = vocabulary.embeddings?.[encoder];
      return known ? concatenate([known, toFloat32(table)]) : toFloat32(table);
    }),
    replacements: new Map([...(vocabulary.replacements ?? []), ...replacementsOf([perEncoder[0]!.placeholder])]),
  };
}

/** The vocabulary of a model with one text encoder, with an embedding with vectors for each layer (P+, XTI) added. */
function withLayeredEmbedding(
  vocabulary: PromptVocabulary,
  embedding: NamedEmbedding & { readonly layers: readonly string[] },
): PromptVocabulary {
  const { name, layers, vectors, file } = embedding;
  const [plain] = vocabulary.tokenizers as [Tokenizer];
  const count = vectorCount(embedding);
  const { placeholder: inLayers, ...added } = explained(plain, embedding, () =>
    addLayeredPlaceholder(plain, name, count, layers, file),
  );
  // prompts contain the word's own tokens: their ids come last, with rows that no layer looks up
  const tokenizer = added.tokenizer.addTokens(inLayers.tokens);
  const table = toFloat32(vectors[0]!);
  const width = table.shape[1]!;
  const unused = arrayOf([count, width], new Float32Array(count * width));
  return {
    ...vocabulary,
    tokenizers: [tokenizer],
    embeddings: [concatenate([...(vocabulary.embeddings ?? []), table, unused])],
    layerReplacements: layers.map((_, layer) => {
      const ids = inLayers.ids.slice(layer * count, (layer + 1) * count);
      const replaced = inLayers.tokens.map((token, i) => [tokenizer.idOf(token)!, i === 0 ? ids : [ids[i]!]] as const);
      return new Map([...(vocabulary.layerReplacements?.[layer] ?? []), ...replaced]);
    }),
  };
}

/** Adds a word; errors get a hint for this embedding. */
function explained<Added>(tokenizer: Tokenizer, embedding: NamedEmbedding, add: () => Added): Added {
  const { name, file } = embedding;
  const tokens = placeholderTokens(name, vectorCount(embedding));
  const isTaken = (token: string) => tokenizer.idOf(token) !== undefined;
  try {
    return add();
  } catch (error) {
    if (!(error instanceof CoinageError) || error.code !== "TOKEN_EXISTS") throw error;
    const free = callableName(name, tokens.length, isTaken);
    throw new CoinageError(
      "TOKEN_EXISTS",
      `The word "${name}" cannot be added: "${tokens.find(isTaken)}" is already a word.`,
      {
        ...(file !== undefined && { where: file }),
        hint:
          file === undefined
            ? `Use another name: ${free}`
            : `Words are named after their files. Use another name: ${free}=${file}`,
        cause: error,
      },
    );
  }
}

/** The word in prompts for a file: its name, or a made-up one if that is taken or cannot be written in prompts.
 *  isTaken: whether a token has another meaning. */
export function callableName(name: string, vectors: number, isTaken: (token: string) => boolean): string {
  const isFree = (word: string) => !placeholderTokens(word, vectors).some(isTaken);
  if (name !== "" && name === name.trim() && whyNotWritable(name) === undefined && isFree(name)) return name;
  const base = name.replace(/[^\p{L}\p{N}_-]+/gu, "") || "word";
  let number = 1;
  while (!isFree(`${base}x${number}`)) number++;
  return `${base}x${number}`;
}

/** Why a name cannot be written in prompts, as the end of a sentence; undefined if it can. */
export function whyNotWritable(name: string): string | undefined {
  if (name.trim() === "BREAK") return "BREAK in a prompt begins a new chunk of 75 tokens";
  if (name.includes(" --")) return '" --" in a prompt begins an option';
  return /[\n\r\u0085\u2028\u2029]/.test(name) ? "a prompt ends with its line" : undefined;
}
