import { firstFew, nearestName } from "../../errors/index.ts";
import { type PromptVocabulary, promptGroups, whyNotWritable } from "../../pipeline/index.ts";
import { anyOf, chunkCapacity, type FoundName, promptTokens, type Tokenizer } from "../../tokenizer/index.ts";
import type { GenerationRunEvent } from "../run-events.ts";
import type { ImagePlan } from "./plan.ts";

/** A learned word that prompts are expected to use. */
export interface GivenWord {
  readonly name: string;
  /** Its tokens in prompts: S, S1, ... */
  readonly tokens: readonly string[];
  /** Its file as the user wrote it. */
  readonly file: string;
  /** The author's name for it, which may differ from the file's. */
  readonly token?: string | undefined;
}

/** Why a word is not used, as far as a prompt shows it; else undefined. */
type Reason = (word: GivenWord, prompt: string) => string | undefined;

/** Most prompts searched for reasons. */
const mostSearched = 200;

/** Finds out which learned words prompts use, by the token ids that the text encoder gets. */
export class WordUse {
  readonly #tokenizer: Tokenizer;
  readonly #replacements: ReadonlyMap<number, readonly number[]> | undefined;
  readonly #words: readonly GivenWord[];
  readonly #unused: Set<GivenWord>;
  /** The longer words, for words found only inside of them. */
  readonly #inside = new Map<GivenWord, string>();
  /** Words written in another program's syntax. */
  readonly #calls = new Map<GivenWord, Call>();
  readonly #seen = new Map<string, number>();
  readonly #negativesWithoutGuidance = new Set<string>();

  constructor({ tokenizers, replacements }: PromptVocabulary, words: readonly GivenWord[]) {
    this.#tokenizer = tokenizers[0]!;
    this.#replacements = replacements;
    this.#words = words;
    this.#unused = new Set(words);
  }

  /** Reads the prompts of a plan. */
  add({ batches }: ImagePlan): void {
    for (const { sampling, images } of batches) {
      const isGuided = promptGroups(sampling).includes("negative");
      for (const { prompt, negativePrompt } of images.map(({ image }) => image)) {
        this.look(prompt, sampling.maxEmbeddingsMultiples);
        if (isGuided) this.look(negativePrompt, sampling.maxEmbeddingsMultiples);
        else this.#negativesWithoutGuidance.add(negativePrompt);
      }
    }
  }

  /** Reads a prompt. maxChunks: chunks of 75 tokens after which it is cut. */
  look(prompt: string, maxChunks: number): void {
    if (this.#unused.size + this.#inside.size === 0 || this.#seen.has(prompt)) return;
    this.#seen.set(prompt, maxChunks);
    const found = this.#tokenizer.words.find(prompt);
    const ids = new Set(this.#ids(prompt, maxChunks));
    for (const word of [...this.#unused, ...this.#inside.keys()]) {
      if (!word.tokens.some((token) => ids.has(this.#tokenizer.idOf(token)!))) continue;
      this.#unused.delete(word);
      const places = found.filter(({ name }) => word.tokens.includes(name));
      const call = places.map((place) => callOfAnother(prompt, place)).find((found) => found !== undefined);
      if (call) this.#calls.set(word, call);
      const longer = places.map((place) => longerWordAround(prompt, place)).filter((around) => around !== undefined);
      if (longer.length > 0 && longer.length === places.length) this.#inside.set(word, longer[0]!);
      else this.#inside.delete(word);
    }
  }

  /** The unused words, each with the most likely reason, if one was found. */
  unused(): readonly { readonly word: GivenWord; readonly reason: string | undefined }[] {
    return [...this.#unused].map((word) => ({ word, reason: this.#reason(word) }));
  }

  /** Warnings about unused words. */
  warnings(): string[] {
    const explained: string[] = [];
    const unexplained: GivenWord[] = [];
    for (const { word, reason } of this.unused()) {
      if (reason === undefined) unexplained.push(word);
      else explained.push(`No prompt contains the word of ${word.file}, so it changes nothing: ${reason}`);
    }
    for (const [{ name }, longer] of this.#inside)
      explained.push(`"${name}" is used inside "${longer}" only: separate it if the longer word is not what you mean.`);
    for (const [{ name }, { written, program, rest }] of this.#calls)
      explained.push(
        `The prompts contain "${written}", as ${program} writes a word. Here ${rest} becomes part of the prompt: write "${name}".`,
      );
    return unexplained.length > 0 ? [...explained, withoutReason(unexplained)] : explained;
  }

  /** Warnings about texts in the prompts of a plan that probably mean unused words, each once. */
  nearMisses({ batches }: ImagePlan): string[] {
    const images = batches.flatMap((batch) => batch.images.map(({ image }) => image));
    const prompts = [...new Set(images.flatMap(({ prompt, negativePrompt }) => [prompt, negativePrompt]))];
    return this.#words.flatMap((word) => {
      if (!this.#unused.has(word)) return [];
      const reason = this.#reasonIn(word, prompts);
      return reason === undefined ? [] : `"${word.name}" is not in the prompt: ${reason}`;
    });
  }

  #ids(prompt: string, maxChunks: number): readonly number[] {
    const options = this.#replacements ? { replacements: this.#replacements } : {};
    return promptTokens(this.#tokenizer, prompt, { mode: "generation", maxChunks, ...options }).ids;
  }

  #reason(word: GivenWord): string | undefined {
    const reason = this.#reasonIn(word, [...this.#seen.keys()].slice(0, mostSearched));
    if (reason !== undefined) return reason;
    const isInNegative = [...this.#negativesWithoutGuidance].some((prompt) => this.#finds(word, prompt).length > 0);
    return isInNegative
      ? `"${word.name}" is in negative prompts only, which have no effect with a --scale up to 1.`
      : undefined;
  }

  #reasonIn(word: GivenWord, prompts: readonly string[]): string | undefined {
    const reasons: readonly Reason[] = [this.#cutOff, this.#partOfAnother, notWritable, this.#written, this.#similar];
    for (const reason of reasons)
      for (const prompt of prompts) {
        const found = reason(word, prompt);
        if (found !== undefined) return found;
      }
    return undefined;
  }

  #finds({ tokens }: GivenWord, prompt: string): FoundName[] {
    return this.#tokenizer.words.find(prompt).filter(({ name }) => tokens.includes(name));
  }

  readonly #cutOff: Reason = (word, prompt) => {
    const maxChunks = this.#seen.get(prompt);
    if (maxChunks === undefined || this.#finds(word, prompt).length === 0) return undefined;
    const wanted = new Set(word.tokens.map((token) => this.#tokenizer.idOf(token)));
    const place = this.#ids(prompt, Number.MAX_SAFE_INTEGER).findIndex((id) => wanted.has(id));
    return `"${word.name}" comes after the first ${maxChunks * chunkCapacity} tokens, where its prompt is cut. Move it nearer to the beginning, or set --max_embeddings_multiples ${Math.floor(place / chunkCapacity) + 1}.`;
  };

  readonly #partOfAnother: Reason = ({ name, tokens }, prompt) => {
    const longer = this.#tokenizer.words
      .find(prompt)
      .find((found) => found.name.includes(name) && !tokens.includes(found.name));
    return longer && `the prompts contain "${name}" only as part of "${longer.name}", the word of another file.`;
  };

  /** Written with the same letters and digits, but in another case or with other characters in between. */
  readonly #written: Reason = ({ name }, prompt) => {
    const inOtherCase = anyOf([name], "iu").exec(prompt);
    if (inOtherCase) {
      const [{ length }, { index: start }] = [inOtherCase[0], inOtherCase];
      const longer = longerWordAround(prompt, { start, end: start + length });
      const others = this.#words.filter((word) => word.name !== name && word.name.toLowerCase() === name.toLowerCase());
      const why =
        others.length > 0
          ? `could also mean ${others.map((other) => `"${other.name}"`).join(" and ")}`
          : longer
            ? "has it in another letter case inside a longer word"
            : "in this letter case has a meaning of its own";
      return `the prompts contain "${longer ?? inOtherCase[0]}", which ${why}. Write "${name}", as the file is named.`;
    }
    const written = looselyWritten(name, prompt);
    return (
      written &&
      `the prompts contain "${written}", with other spaces, brackets or punctuation. Write "${name}", as the file is named.`
    );
  };

  readonly #similar: Reason = ({ name, token }, prompt) => {
    const madeUp = wordsOf(prompt).filter((word) => this.#tokenizer.encode(word).length > 1);
    if (token !== undefined && token !== name && madeUp.includes(token))
      return `the prompts contain "${token}", as it was called in training. Write "${name}", as the file is named, or rename the file.`;
    const isBeginning = (word: string) => word.length > 2 && name.toLowerCase().startsWith(word.toLowerCase());
    const near = madeUp.find(isBeginning) ?? nearestName(name, madeUp);
    return near && `the prompts contain "${near}". Write "${name}", as the file is named.`;
  };
}

/** The warnings about unused words, as events. */
export function* unusedWordWarnings(
  use: WordUse,
): Generator<Extract<GenerationRunEvent, { readonly kind: "warning" }>> {
  for (const message of use.warnings()) yield { kind: "warning", code: "EMBEDDING_UNUSED", message };
}

function withoutReason(words: readonly GivenWord[]): string {
  const files = words.map(({ file }) => file);
  const [{ name }] = words as [GivenWord];
  const [subject, verb] = words.length === 1 ? ["the word", "it changes"] : ["the words", "they change"];
  return `No prompt contains ${subject} of ${firstFew(files)}, so ${verb} nothing. Write it into a prompt as the file is named: "a photo of ${name}".`;
}

const notWritable: Reason = ({ name }) => {
  const why = whyNotWritable(name);
  return why && `it cannot be written into a prompt: ${why}. Give the file another name.`;
};

interface Call {
  readonly written: string;
  readonly program: string;
  /** The syntax around the word. */
  readonly rest: string;
}

/** Another program's syntax around a word found in a prompt; undefined if there is none. */
function callOfAnother(prompt: string, { start, end }: Pick<FoundName, "start" | "end">): Call | undefined {
  const [prefix] = /\bembedding:$/i.exec(prompt.slice(Math.max(0, start - 11), start)) ?? [];
  if (prefix !== undefined)
    return { written: prefix + prompt.slice(start, end), program: "ComfyUI", rest: `"${prefix}"` };
  if (prompt[start - 1] !== "<" || prompt[end] !== ">") return undefined;
  return { written: prompt.slice(start - 1, end + 1), program: "InvokeAI", rest: '"<" and ">"' };
}

const letterOrDigit = /[a-z0-9]/i;

/** The longer word around a found one; undefined if there is none. */
function longerWordAround(prompt: string, { start, end }: Pick<FoundName, "start" | "end">): string | undefined {
  const isJoined = (at: number) => letterOrDigit.test(prompt[at - 1] ?? "") && letterOrDigit.test(prompt[at] ?? "");
  let [from, to] = [start, end];
  while (isJoined(from)) from--;
  while (isJoined(to)) to++;
  return to - from > end - start ? prompt.slice(from, to) : undefined;
}

/** The part of a prompt with the same letters and digits as the name, in any case, with anything in between. */
function looselyWritten(name: string, prompt: string): string | undefined {
  const runs = name.match(/[\p{L}\p{N}]/gu);
  if (!runs) return undefined;
  const between = String.raw`[^\p{L}\p{N}]{0,3}`;
  return new RegExp(String.raw`(?<![\p{L}\p{N}])${runs.join(between)}(?![\p{L}\p{N}])[)\]}>]?`, "iu").exec(prompt)?.[0];
}

function wordsOf(prompt: string): string[] {
  return [...new Set(prompt.split(/[\s,;:.!?"'()[\]{}<>|\\]+/u))].filter((word) => word !== "");
}
