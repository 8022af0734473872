import { expect, test } from "vitest";
import type { DraftPicture } from "../../../../drafts/draft.ts";
import {
  captionsWithWord,
  doublesOf,
  type Fields,
  kindOf,
  mended,
  newFields,
  renamed,
  sorted,
  withInterval,
  withKind,
  withPrompts,
  withSettings,
} from "./fields.ts";

const picture = (name: string, caption: string, hash = name): DraftPicture => ({
  ...{ name, original: name, bytes: 1, width: 8, height: 8, hash, caption, warnings: [] },
});
const pictures = [picture("1.png", "a mycat on a sofa"), picture("2.png", "mycats"), picture("3.png", "a cat")];
const fields: Fields = {
  word: "mycat",
  model: null,
  settings: { recipe: "auto", init_word: "cat" },
  prompts: ["mycat"],
};

test("a new name of the word goes into captions and prompts where it stands for itself", () => {
  const { fields: now, captions } = renamed(fields, pictures, { from: "mycat", to: "tomx" });
  expect(now).toMatchObject({ word: "tomx", prompts: ["tomx"] });
  expect(captions).toEqual({ "1.png": "a tomx on a sofa" });
});

test("what a fix says is done: settings, word, captions, pictures", () => {
  const fix = {
    label: "",
    settings: { recipe: null, seed: 1 },
    word: "tomx",
    captions: { "3.png": "a mycat" },
    without: ["2.png"],
  };
  const { fields: now, captions, without } = mended(fields, pictures, fix);
  expect(now).toEqual({ word: "tomx", model: null, settings: { init_word: "cat", seed: 1 }, prompts: ["tomx"] });
  expect(captions).toEqual({ "1.png": "a tomx on a sofa", "3.png": "a tomx" });
  expect(without).toEqual(["2.png"]);
});

test("the word comes into the captions that lack it, in the place of the word it starts from", () => {
  expect(captionsWithWord(fields, pictures)).toEqual({ "2.png": "mycat", "3.png": "a mycat" });
});

test("what the pictures show chooses the recipe, and the usual prompt follows", () => {
  const usual = withPrompts({ ...newFields, word: "mycat" }, ["a photo of mycat"]);
  const style = withKind(usual, "style");
  expect([kindOf(usual), kindOf(style), style.settings.recipe]).toEqual(["thing", "style", "style"]);
  expect(style.prompts).toEqual(["a house by a lake, mycat"]);
  expect(withKind(style, "thing").prompts).toEqual(["a photo of mycat"]);
  const own = { ...usual, prompts: ["mycat asleep"] };
  expect(withKind(own, "face")).toMatchObject({ prompts: ["mycat asleep"], settings: { recipe: "likeness" } });
  const quick = withSettings(usual, { recipe: "quick" });
  expect(withKind(quick, "thing")).toBe(quick);
});

test("prompts are drawn every so many steps, and without prompts nothing is said of it", () => {
  const drawn = withPrompts(newFields, ["x"]);
  expect(drawn.settings).toMatchObject({ sample_every_n_steps: 25, save_every_n_steps: 25 });
  expect(withInterval(drawn, 10).settings).toMatchObject({ sample_every_n_steps: 10, save_every_n_steps: 10 });
  const apart = withSettings(drawn, { save_every_n_steps: 100 });
  expect(withInterval(apart, 10).settings).toMatchObject({ sample_every_n_steps: 10, save_every_n_steps: 100 });
  expect(withPrompts(withSettings(drawn, { sample_every_n_steps: 7 }), ["y"]).settings.sample_every_n_steps).toBe(7);
  expect(withPrompts(drawn, [" "])).toEqual(newFields);
});

test("pictures stand in the order of their names, and doubles name the first", () => {
  const some = [picture("IMG_10.png", "", "a"), picture("IMG_2.png", "", "a"), picture("IMG_3.png", "", "b")];
  expect(sorted(some).map(({ name }) => name)).toEqual(["IMG_2.png", "IMG_3.png", "IMG_10.png"]);
  expect([...doublesOf(sorted(some))]).toEqual([["IMG_10.png", "IMG_2.png"]]);
});
