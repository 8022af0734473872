import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generalKeys, kindSchemas } from "./schema.ts";

test("docs/dataset.md names every key of a dataset config where it may stand, and no other", () => {
  const page = readFileSync(new URL("../../../docs/dataset.md", import.meta.url), "utf8");
  const table = page.slice(page.indexOf("| may stand in | keys |"), page.indexOf("`validation_split` keeps"));
  const rows = table.split("\n").map((row) => row.split(" | "));
  const keysOf = (place: string) =>
    rows
      .filter(([first]) => first?.includes(place))
      .flatMap(([, keys]) => [...keys!.matchAll(/`(\w+)`/g)].map((match) => match[1]!));
  const everywhere = keysOf("everywhere");
  expect([...keysOf("[general]"), ...everywhere].sort()).toEqual(Object.keys(generalKeys).sort());
  const ofSubsets = new Set(Object.values(kindSchemas).flatMap(({ subset }) => Object.keys(subset)));
  expect([...keysOf("datasets.subsets"), ...everywhere].sort()).toEqual([...ofSubsets].sort());
});
