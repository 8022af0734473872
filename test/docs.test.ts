import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { differencesIn } from "../scripts/differences.ts";
import { referencePages } from "../scripts/docs.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

describe("reference pages", () => {
  test.each(Object.entries(referencePages()))("%s is fresh: else npm run docs", (page, text) => {
    // a checkout may have Windows' line ends
    expect(readFileSync(path.join(root, page), "utf8").replaceAll("\r\n", "\n")).toBe(text.replaceAll("\r\n", "\n"));
  });
});

describe("a difference from sd-scripts", () => {
  const told = {
    file: "room/a.ts",
    sdScripts: "a resumed run counts steps from 0 again.",
    coinage: "steps continue from the state.",
    because: "file names would repeat.",
  };

  test("is read from a comment of three labelled sentences, which may take several lines", () => {
    const code = `
      // differs from sd-scripts: a resumed run counts
      // steps from 0 again.
      // coinage: steps continue from the state.
      // because: file names would repeat.
      const a = 1;`;
    expect(differencesIn(code, "room/a.ts")).toEqual([told]);
  });

  test("is read from a docstring, without what follows about errors and sources", () => {
    const code = `
      /** Steps of a run.
       *  differs from sd-scripts: a resumed run counts steps from 0 again.
       *  coinage: steps continue from the state.
       *  because: file names would repeat.
       *  @throws STATE_DAMAGED Source: train_util.py */`;
    expect(differencesIn(code, "room/a.ts")).toEqual([told]);
  });

  test("is an error with a place when a sentence is missing", () => {
    const code =
      "\n// differs from sd-scripts: a resumed run counts steps from 0 again.\n// coinage: steps continue.\n";
    expect(() => differencesIn(code, "room/a.ts")).toThrow("src/room/a.ts, line 2");
  });
});
