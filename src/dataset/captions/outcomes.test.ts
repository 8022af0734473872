import { expect, test } from "vitest";
import { plainCaptions } from "../../../test/datasets.ts";
import { PythonRandom } from "../../random/index.ts";
import { processCaption } from "./caption.ts";
import { captionOutcomes } from "./outcomes.ts";

const tags = ["a a a", "b", "word", "c c", "d d d d"].join(", ");
const wildcards = ["{a|b c d e|word}", "{f|g h i j k|l word}", "{m|n|o}", "{wo|xy z|q}rd"].join(" ");
const wide = Array.from({ length: 12 }, (_, i) => `{${"x ".repeat(i)}|y|${i === 7 ? "word" : "z"}}`).join(" ");

/** Counts each word as a token. */
const weigh = (text: string) => ({ holdsWord: text.includes("word"), tokens: text.split(/\s+/).length });

/** What is left of the word in a text cut after `limit` tokens. */
function fateOf(text: string, limit: number): string {
  const words = text.split(/[\s,]+/).filter(Boolean);
  const at = words.indexOf("word");
  return `${at < 0 ? "missing" : at < limit ? "there" : "cut"}, ${words.length > limit ? "long" : "short"}`;
}

test.each([
  ["as it stands", tags, {}, 5],
  ["shuffled", tags, { shuffleCaption: true }, 5],
  ["shuffled, its first tag kept", tags, { shuffleCaption: true, keepTokens: 1 }, 8],
  ["shuffled before a tail", `a b c ||| d, word ||| e f`, { shuffleCaption: true, keepTokensSeparator: "|||" }, 4],
  ["with tags dropped", tags, { captionTagDropoutRate: 0.4 }, 5],
  ["with all tags dropped", tags, { captionTagDropoutRate: 1 }, 5],
  ["with ever more tags", tags, { tokenWarmupStep: 6, tokenWarmupMin: 1 }, 9],
  ["with a prefix", tags, { captionPrefix: "p word", shuffleCaption: true }, 3],
  ["with wildcards", wildcards, { enableWildcard: true }, 6],
  ["of several lines", "a word\nb\nc c c c c c word", { enableWildcard: true }, 4],
  ["with wildcards, shuffled", wildcards.replaceAll("} {", "}, {"), { enableWildcard: true, shuffleCaption: true }, 5],
  ["with more wildcards than can be combined", wide, { enableWildcard: true }, 20],
] as const)("what can become of a caption %s is what chance makes of it", (_, caption, more, limit) => {
  const settings = { ...plainCaptions, ...more };
  const run = { maxTrainSteps: 10, replacements: [] };
  const { texts } = captionOutcomes(caption, settings, { ...run, weigh, most: 64 });
  const drawn = Array.from({ length: 2000 }, (_, i) =>
    processCaption(caption, settings, { ...run, epoch: 1, step: i % 10 }, new PythonRandom(i)),
  );
  const fates = (of: readonly string[]) => [...new Set(of.map((text) => fateOf(text, limit)))].sort();
  expect(fates(texts)).toEqual(fates(drawn));
});

test("outcomes are few however many there could be", () => {
  const asked: string[] = [];
  const options = {
    maxTrainSteps: 10,
    replacements: [],
    most: 16,
    weigh: (text: string) => {
      asked.push(text);
      return weigh(text);
    },
  };
  const { texts, decidedBy } = captionOutcomes(wide.repeat(20), { ...plainCaptions, enableWildcard: true }, options);
  expect(texts.length).toBeLessThanOrEqual(4 + 2 * options.most);
  expect(asked.length).toBeLessThan(300_000);
  expect([...decidedBy]).toEqual(["wildcards"]);
});
