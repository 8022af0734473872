import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { limits } from "../src/budget/index.ts";

const page = fileURLToPath(new URL("../docs/security.md", import.meta.url));

/** The page docs/security.md, with its table of limits generated from the one in the code. */
export function securityMarkdown(): string {
  const rows = Object.entries(limits).map(([name, { max, unit, why }]) => {
    return `| \`${name}\` | ${max.toLocaleString("en-US")} ${unit} | ${why.replaceAll("|", "\\|")} |`;
  });
  const table = ["| limit | at most | why |", "| --- | --- | --- |", ...rows].join("\n");
  return readFileSync(page, "utf8").replace(
    /(<!-- limits -->\n)[\s\S]*(<!-- \/limits -->)/,
    (_, start: string, end: string) => `${start}${table}\n${end}`,
  );
}
