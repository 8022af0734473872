import {
  coverageOf,
  defaultText,
  fileOnlyOptions,
  generateGroups,
  generateTable,
  type Option,
  type OptionGroup,
  type OptionTable,
  placeholderOf,
  supportText,
  trainGroups,
  trainTable,
} from "../src/options/index.ts";

/** The page docs/options.md. */
export function optionsMarkdown(): string {
  return [
    "# Flags",
    "",
    "Every flag of `coinage train` and `coinage generate`. Names, types and defaults are those of sd-scripts.",
    "This page is generated from the table in `src/options` by `npm run docs`.",
    "",
    "Effect: **numbers** changes results, **files** what is read or written, **display** what is shown, **speed** time or memory.",
    "",
    ...commandPage("train", trainTable, trainGroups),
    ...groupTable({ title: "Only in a settings file", options: fileOnlyOptions }, ""),
    ...commandPage("generate", generateTable, generateGroups),
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

function commandPage(command: string, table: OptionTable, groups: readonly OptionGroup[]): string[] {
  const { acting, withoutEffect, later, refused } = coverageOf(table);
  return [
    `## coinage ${command}`,
    "",
    `${Object.keys(table).length} flags: ${acting.length} are implemented, ${withoutEffect.length} are accepted without effect, ` +
      `${later.length} are not implemented yet (a warning), ${refused.length} are not supported (an error).`,
    "",
    ...groups.flatMap((group) => groupTable(group, "--")),
  ];
}

function groupTable({ title, options }: OptionGroup, dashes: string): string[] {
  return [
    `### ${title}`,
    "",
    "| Flag | Value | Default | Effect | Meaning |",
    "| --- | --- | --- | --- | --- |",
    ...Object.entries(options).map(
      ([name, option]) => `| \`${dashes}${name}\` | ${cells(option).map(escaped).join(" | ")} |`,
    ),
    "",
  ];
}

function cells(option: Option): string[] {
  const value = option.choices ? option.choices.map((choice) => `\`${choice}\``).join(" ") : placeholderOf(option);
  const meaning = [option.help, supportText(option)].filter(Boolean).join(" ");
  const shownDefault = defaultText(option);
  return [
    value,
    shownDefault === undefined ? "" : `\`${shownDefault}\``,
    option.effect === "accepted-without-effect" ? "none" : option.effect,
    meaning,
  ];
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("{", "&#123;");
}
