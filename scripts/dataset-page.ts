import { readFileSync } from "node:fs";
import { type DescribedKey, describedKeys } from "../src/dataset/config/keys.ts";
import { trainTable } from "../src/options/index.ts";

const [begin, end] = [
  "<!-- keys of a dataset config, from src/dataset/config/keys.ts by npm run docs -->",
  "<!-- end of keys -->",
];

/** The page docs/dataset.md, with its tables of keys generated anew. */
export function datasetMarkdown(): string {
  const page = readFileSync(new URL("../docs/dataset.md", import.meta.url), "utf8");
  const [start, stop] = [page.indexOf(begin), page.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`docs/dataset.md lacks ${begin} or ${end}`);
  return `${page.slice(0, start + begin.length)}\n\n${keyTables().join("\n")}\n${page.slice(stop)}`;
}

const places = {
  dataset: "In `[general]` and `[[datasets]]`:",
  subset: "In `[[datasets.subsets]]`:",
  any: "In `[general]`, `[[datasets]]` and `[[datasets.subsets]]`:",
} as const;

function keyTables(): string[] {
  const keys = describedKeys();
  return Object.entries(places).flatMap(([level, title]) => [
    title,
    "",
    "| key | value | default | flag | meaning |",
    "| --- | --- | --- | --- | --- |",
    ...keys.filter((key) => key.level === level).map(rowOf),
    "",
  ]);
}

const valueNames: Readonly<Record<DescribedKey["type"], string>> = {
  bool: "true or false",
  int: "integer",
  float: "number",
  number: "number",
  string: "text",
  size: "integer or `[width, height]`",
  range: "`[low, high]`",
  table: "table",
};

const kindNames = { dreambooth: "folders", "fine-tuning": "metadata files", "mask-image": "masks" } as const;

function rowOf({ name, type, notIn, default: fallback, setting, meaning }: DescribedKey): string {
  const given = fallback === undefined || fallback === false || fallback === "" ? "" : `\`${fallback}\``;
  const flag = setting === undefined ? "" : `\`${Object.hasOwn(trainTable, setting) ? "--" : ""}${setting}\``;
  const isOfOneKind = notIn.length === 2 && notIn.includes("dreambooth");
  const limit =
    notIn.length === 0 || isOfOneKind ? "" : ` Not with ${notIn.map((kind) => kindNames[kind]).join(" or ")}.`;
  return `| \`${name}\` | ${valueNames[type]} | ${given} | ${flag} | ${(meaning + limit).replaceAll("|", "\\|")} |`;
}
