import { expect, test } from "vitest";
import type { Check } from "../../../../checking/check.ts";
import { newWord as newWordTexts } from "../../../texts/new-word.ts";
import { isDownloadedFirst, shownErrors, whyNotStart } from "./blockers.ts";
import { newFields } from "./fields.ts";

const { why } = newWordTexts;
const check = (...codes: readonly string[]): Check => ({
  errors: codes.map((code) => ({ code, message: code })),
  ...{ warnings: [], run: undefined, crops: [] },
  word: { ids: [49408], initIds: [], captionsWithWord: 0, captions: 0 },
});
const facts = { ids: [49408], initIds: [], freeWord: "mycatx1" };
const ready = {
  fields: { ...newFields, word: "mycat", model: { id: "x" } },
  ...{ pictures: 5, coming: 0, facts, check: check(), isConflict: false },
};

test("what is missing is said one after another, in the order of the page", () => {
  expect(whyNotStart(ready)).toBeUndefined();
  expect(whyNotStart({ ...ready, pictures: 0, fields: newFields })).toBe(why.noPictures);
  expect(whyNotStart({ ...ready, pictures: 0, coming: 3 })).toBe(why.coming(3));
  expect(whyNotStart({ ...ready, fields: newFields })).toBe(why.noWord);
  const problem = { code: "TOKEN_EXISTS", message: "" };
  expect(whyNotStart({ ...ready, facts: { ...facts, problem } })).toBe(why.wordTaken("mycat"));
  expect(whyNotStart({ ...ready, fields: { ...ready.fields, model: null } })).toBe(why.noModel);
  expect(whyNotStart({ ...ready, fields: { ...ready.fields, model: { hub: "" } } })).toBe(why.noModel);
  expect(whyNotStart({ ...ready, isUnchecked: true })).toBe(why.error);
  expect(whyNotStart({ ...ready, check: undefined })).toBe(why.checking);
  expect(whyNotStart({ ...ready, check: check("HOLD_OUT") })).toBe(why.error);
  expect(whyNotStart({ ...ready, isConflict: true, pictures: 0 })).toBe(why.conflict);
  // a check from before the model was chosen
  expect(whyNotStart({ ...ready, check: check("SETTINGS_MISSING") })).toBe(why.checking);
});

test("a model that is downloaded first keeps nobody from starting", () => {
  expect(whyNotStart({ ...ready, check: check("HUB_OFFLINE") })).toBeUndefined();
  expect(shownErrors(check("HUB_OFFLINE"))).toEqual([]);
  expect(isDownloadedFirst(check("HUB_OFFLINE"))).toBe(true);
});

test("what is merely not there yet is no error to be shown", () => {
  const found = check("TOKEN_EMPTY", "DATASET_EMPTY", "SETTINGS_MISSING", "HOLD_OUT");
  expect(shownErrors(found).map(({ code }) => code)).toEqual(["HOLD_OUT"]);
});
