import { existsSync, readdirSync, readFileSync } from "node:fs";
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

describe("what pages name", () => {
  const pages = [...readdirSync(path.join(root, "docs")).map((page) => `docs/${page}`), ...readdirSync(root)]
    .concat("bench/README.md")
    .filter((page) => page.endsWith(".md"));

  test.each(pages)("%s: files, folders and links exist", (page) => {
    const text = readFileSync(path.join(root, page), "utf8");
    const named = [...text.matchAll(/`((?:src|test|scripts|docs|bench|examples|assets)\/[\w./-]*|[\w./-]+\.ts)`/g)]
      .map((match) => match[1]!)
      .filter((name) => !/^bench\/device-results\//.test(name))
      .filter((name) => !["", "src", path.dirname(page)].some((base) => existsSync(path.join(root, base, name))));
    const linked = [...text.matchAll(/\]\(([^)\s#:]+)(?:#[\w-]+)?\)/g)]
      .map((match) => match[1]!)
      .filter((link) => !existsSync(path.join(root, path.dirname(page), link)));
    expect([...named, ...linked]).toEqual([]);
  });

  test.each(pages)("%s: links to headings find them", (page) => {
    const text = readFileSync(path.join(root, page), "utf8");
    const lost = [...text.matchAll(/\]\(([\w./-]*)#([\w-]+)\)/g)].filter(([, file, heading]) => {
      const target = file ? path.join(root, path.dirname(page), file) : path.join(root, page);
      return existsSync(target) && !headingsOf(readFileSync(target, "utf8")).includes(heading!);
    });
    expect(lost.map(([link]) => link)).toEqual([]);
  });
});

test("what the recipes of CONTRIBUTING.md name is in the code", () => {
  const recipes = readFileSync(path.join(root, "CONTRIBUTING.md"), "utf8").split(/^## Recipes$/m)[1]!;
  const names = [...recipes.matchAll(/`([A-Za-z]{4,})`/g)].map((match) => match[1]!);
  const code = readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(path.join(root, "src", file), "utf8"))
    .join("\n");
  const words = new Set(code.match(/[A-Za-z]+/g));
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !words.has(name))).toEqual([]);
});

/** Anchors of a page's headings, as on GitHub. */
function headingsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!.trim().toLowerCase());
  return headings.map((heading) => heading.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-"));
}
