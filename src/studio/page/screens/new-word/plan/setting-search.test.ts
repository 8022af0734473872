import { expect, test } from "vitest";
import type { ListedSetting } from "../../../../drafts/settings.ts";
import { foundSettings, typedValue } from "./setting-search.ts";

const setting = (flag: string, group: string, help: string, isFirst = false): ListedSetting => ({
  ...{ flag, group, help, isFirst, kind: "number", placeholder: "X" },
});
const all = [
  setting("max_train_steps", "Length", "Number of steps.", true),
  setting("learning_rate", "Optimizer", "How far a step goes.", true),
  setting("min_snr_gamma", "Loss", "Weighs the loss by the signal."),
  setting("lr_scheduler", "Optimizer", "How the learning rate changes over the steps."),
];
const flags = (search: string, changed: readonly string[] = []) =>
  foundSettings(all, { search, changed: new Set(changed) }).map(({ flag }) => flag);

test("without a search the first ones and the changed ones are shown", () => {
  expect(flags("")).toEqual(["max_train_steps", "learning_rate"]);
  expect(flags("  ", ["min_snr_gamma"])).toContain("min_snr_gamma");
});

test("a search finds by name, group and help, and keeps groups together", () => {
  expect(flags("steps")).toEqual(["max_train_steps", "lr_scheduler"]);
  expect(flags("learning rate")).toEqual(["learning_rate", "lr_scheduler"]);
  expect(flags("--min_snr")).toEqual(["min_snr_gamma"]);
  expect(flags("signal loss")).toEqual(["min_snr_gamma"]);
  expect(flags("nothing")).toEqual([]);
});

test.each([
  ["integer", "12", 12],
  ["number", "5e-3", 0.005],
  ["number", "fast", "fast"],
  ["number", " ", null],
  ["text", "512,768", "512,768"],
  ["list", "weight_decay=0  betas=.9,.99", ["weight_decay=0", "betas=.9,.99"]],
] as const)("of the kind %s %j is read as %j", (kind, typed, value) => {
  expect(typedValue({ kind }, typed)).toEqual(value);
});

test("a choice among numbers is a number", () => {
  expect(typedValue({ kind: "choice", choices: [150, 225] }, "225")).toBe(225);
});
