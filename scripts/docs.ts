import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { errorCodes } from "../src/errors/index.ts";
import { fileOnlyOptions, generateGroups, trainGroups } from "../src/options/index.ts";
import { datasetMarkdown } from "./dataset-page.ts";
import { differencesMarkdown } from "./differences.ts";
import { optionsMarkdown } from "./options-page.ts";
import { securityMarkdown } from "./security.ts";
import { settingsModule } from "./settings-types.ts";

/** The reference pages and types that are generated from the code, by path in the project. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    "docs/options.md": optionsMarkdown(),
    "docs/dataset.md": datasetMarkdown(),
    "docs/errors.md": errorsMarkdown(),
    "docs/differences.md": differencesMarkdown(),
    "docs/security.md": securityMarkdown(),
    "src/options/train/input.ts": trainInputModule(),
    "src/options/generate/input.ts": generateInputModule(),
  };
}

function trainInputModule(): string {
  return settingsModule({
    name: "TrainInput",
    about: [
      "Settings of a training run: the flags of `coinage train` in camelCase.",
      "What is left out or undefined has the default of sd-scripts.",
    ],
    groups: [...trainGroups, { title: "Only in a settings file", options: fileOnlyOptions }],
    others: [
      '  /** Further metadata of .safetensors files: `{ xyz: "text" }` is written as `modelspec.xyz`. */',
      "  readonly extraMetadata?: Readonly<Record<string, string>> | undefined;",
      "  /** Keys of a settings file that no setting has. They are kept, and nothing acts on them. */",
      "  readonly otherSettings?: Readonly<Record<string, unknown>> | undefined;",
    ],
  });
}

function generateInputModule(): string {
  return settingsModule({
    name: "GenerateInput",
    about: [
      "Settings for generating images: the flags of `coinage generate` in camelCase.",
      "What is left out or undefined has the default of sd-scripts.",
    ],
    groups: generateGroups,
  });
}

function errorsMarkdown(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, meaning]) => `| \`${code}\` | ${meaning.replaceAll("|", "\\|")} |`,
  );
  return [
    "# Errors",
    "",
    "Every error in your input or your files starts with one of these codes, followed by what happened, where, and what to do.",
    "This page is generated from the table in `src/errors` by `npm run docs`.",
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
