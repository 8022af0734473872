import type { Option } from "./option.ts";
import { defaultOf } from "./settings.ts";
import { wordsOf } from "./words.ts";

const placeholders = {
  string: "TEXT",
  int: "N",
  float: "X",
  switch: "",
  intOrRatio: "N|X|N%",
  size: "SIZE|W,H",
  range: "LOW,HIGH",
  rates: "X|X:N,...",
} as const;

/** What stands behind a flag in a usage line: "N", "X X", "TEXT ..."; nothing for a switch. */
export function placeholderOf(option: Option): string {
  const placeholder = placeholders[option.type];
  return option.count === "any"
    ? `${placeholder} ...`
    : Array(option.count ?? 1)
        .fill(placeholder)
        .join(" ");
}

/** The default as one would write it, or undefined when there is none worth saying. */
export function defaultText(option: Option): string | undefined {
  const value = defaultOf(option);
  return value === undefined || value === "" || typeof value === "boolean"
    ? undefined
    : wordsOf(option, value).join(" ");
}

/** A sentence on how far a flag acts, or undefined when it simply does. */
export function supportText(option: Option): string | undefined {
  if (!option.note) return undefined;
  const how = { later: "Does not act yet", refused: "Refused", acts: "No effect here" }[option.state ?? "acts"];
  return `${how}: ${option.note}.`;
}

/** Help with choices, default and standing: all that is to be said about a flag. */
export function fullHelp(option: Option): string {
  const shownDefault = defaultText(option);
  const sentences = [
    option.help,
    option.choices && `One of ${option.choices.join(", ")}.`,
    shownDefault && `Default: ${shownDefault}.`,
    supportText(option),
  ];
  return sentences.filter(Boolean).join(" ");
}
