import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { errorCodes } from "../src/errors/index.ts";
import { optionsMarkdown } from "../src/options/index.ts";
import { differencesMarkdown } from "./differences.ts";
import { securityMarkdown } from "./security.ts";

/** The reference pages that are made from the code, by path in the project. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    "docs/options.md": optionsMarkdown(),
    "docs/errors.md": errorsMarkdown(),
    "docs/differences.md": differencesMarkdown(),
    "docs/security.md": securityMarkdown(),
  };
}

function errorsMarkdown(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, meaning]) => `| \`${code}\` | ${meaning.replaceAll("|", "\\|")} |`,
  );
  return [
    "# Errors",
    "",
    "Every error of yours or of your files begins with one of these codes; then it says what happened, where, and what to do.",
    "This page is made from the table in `src/errors` by `npm run docs`.",
    "",
    "| Code | Meaning |",
    "| --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

const root = fileURLToPath(new URL("..", import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [page, text] of Object.entries(referencePages())) {
    await writeFile(path.join(root, page), text);
    console.log(`wrote ${page}`);
  }
}
