import type { Weight } from "../../dataset/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { chunkCapacity, layerTexts, type MaxTokenLength } from "../../tokenizer/index.ts";
import type { PreparedPlaceholder } from "../setup/placeholder.ts";

/** How the text encoder reads the word in a text. */
export interface PlaceholderReading {
  /** Tokens of the whole text, before it is cut. */
  readonly tokens: number;
  readonly isCut: boolean;
  /** Vectors of the word among the tokens kept. */
  readonly vectors: number;
  /** "partly": some of its vectors are cut off; "cut": all of them are. "inside": it occurs only as a piece of another word. */
  readonly word: "whole" | "partly" | "cut" | "inside" | "missing";
}

/** Most tokens of a caption, as the tokenizer takes it. */
export function maxTokenLengthOf({ maxTokenLength }: Pick<TrainSettings, "maxTokenLength">): MaxTokenLength {
  return (maxTokenLength ?? null) as 150 | 225 | null;
}

export type ReadablePlaceholder = Pick<PreparedPlaceholder, "tokenizers" | "tokens" | "ids" | "layers">;

/** Finds a word in captions by their token ids. Takes captions after all replacements. */
export class PlaceholderReader {
  /** Most tokens of a text. */
  readonly capacity: number;
  readonly #word: ReadablePlaceholder;
  readonly #ids: ReadonlySet<number>;
  readonly #weights = new Map<string, Weight>();

  constructor(word: ReadablePlaceholder, maxTokenLength: MaxTokenLength) {
    this.#word = word;
    this.capacity = maxTokenLength ?? chunkCapacity;
    // every layer has as many tokens: the first one stands for all
    this.#ids = new Set(word.ids.slice(0, word.tokens.length));
  }

  /** Uses the first text encoder's tokenizer: others differ only in padding. */
  #encode(text: string): readonly number[] {
    const { tokenizers, tokens, layers } = this.#word;
    const [inLayer = text] = layers ? layerTexts(text, tokens, layers.slice(0, 1)) : [];
    return tokenizers[0]!.encode(inLayer);
  }

  #vectorsIn(ids: readonly number[]): number {
    return new Set(ids.filter((id) => this.#ids.has(id))).size;
  }

  read(text: string): PlaceholderReading {
    const ids = this.#encode(text);
    const vectors = this.#vectorsIn(ids.slice(0, this.capacity));
    return { tokens: ids.length, isCut: ids.length > this.capacity, vectors, word: this.#wordIn(text, ids, vectors) };
  }

  #wordIn(text: string, ids: readonly number[], vectors: number): PlaceholderReading["word"] {
    if (vectors === this.#ids.size) return this.#isOnlyInside(text) ? "inside" : "whole";
    if (vectors > 0) return "partly";
    return this.#vectorsIn(ids) > 0 ? "cut" : "missing";
  }

  /** A reading in words: "all 2 vectors", "not there (letter case matters: "MyCat")". */
  describe(text: string): string {
    const { tokens, isCut, vectors, word } = this.read(text);
    const length = isCut ? `; ${tokens} tokens, cut at ${this.capacity}` : "";
    switch (word) {
      case "whole":
        return `${this.#ids.size === 1 ? "there" : `all ${vectors} vectors`}${length}`;
      case "partly":
        return `${vectors} of ${this.#ids.size} vectors, the others are cut off${length}`;
      case "cut":
        return `cut off${length}`;
      case "inside":
        return `only as part of "${this.surroundingWord(text)}"${length}`;
      case "missing": {
        const spelling = this.otherSpelling(text);
        return `not there${spelling === undefined ? "" : ` (letter case matters: "${spelling}")`}${length}`;
      }
    }
  }

  /** Length in tokens of a piece of a caption, and whether it has the word; cached, since many captions share tags. */
  weigh(text: string): Weight {
    let weight = this.#weights.get(text);
    if (!weight) {
      const ids = this.#encode(text);
      weight = { holdsWord: this.#vectorsIn(ids) > 0, tokens: ids.length };
      this.#weights.set(text, weight);
    }
    return weight;
  }

  /** Whether the tokens appear in a text only as part of other words. */
  #isOnlyInside(text: string): boolean {
    const places = [...placesOf(this.#word.tokens.join(" "), text)];
    return places.length > 0 && places.every((place) => isInsideWord(text, place));
  }

  /** The longer word that contains the word: "cat10" for "cat1". */
  surroundingWord(text: string): string | undefined {
    const whole = this.#word.tokens.join(" ");
    const place = placesOf(whole, text).find((found) => isInsideWord(text, found));
    if (!place) return undefined;
    const [before = ""] =
      /[\p{L}\p{N}\p{M}]*$/u.exec(text.slice(Math.max(0, place.start - shownAround), place.start)) ?? [];
    const [after = ""] = /^[\p{L}\p{N}\p{M}]*/u.exec(text.slice(place.end, place.end + shownAround)) ?? [];
    return `${before}${this.#word.tokens[0]}${after}`;
  }

  /** The text's own spelling of the word, if it differs in letter case or Unicode composition: "MyCat" for "mycat". */
  otherSpelling(text: string): string | undefined {
    const word = alike(this.#word.tokens[0]!);
    const runs = text.split(/[\s,;]+/);
    return alike(text).includes(word) ? (runs.find((run) => alike(run).includes(word)) ?? text.trim()) : undefined;
  }
}

/** Most characters of the containing word shown on each side. */
const shownAround = 30;

function alike(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

interface Place {
  readonly start: number;
  readonly end: number;
}

function placesOf(word: string, text: string): Place[] {
  const places: Place[] = [];
  for (let start = text.indexOf(word); start >= 0; start = text.indexOf(word, start + word.length))
    places.push({ start, end: start + word.length });
  return places;
}

const wordCharacter = /[\p{L}\p{N}\p{M}]/u;
/** Scripts without spaces between words. */
const unspaced = /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/u;

function isInsideWord(text: string, { start, end }: Place): boolean {
  return isJoined(text, start) || isJoined(text, end);
}

/** Whether the characters on both sides of an index belong to one word. */
function isJoined(text: string, at: number): boolean {
  const [before, after] = [lastCharacter(text.slice(Math.max(0, at - 2), at)), [...text.slice(at, at + 2)][0]];
  return [before, after].every(
    (character) => character !== undefined && wordCharacter.test(character) && !unspaced.test(character),
  );
}

function lastCharacter(text: string): string | undefined {
  return [...text].at(-1);
}
