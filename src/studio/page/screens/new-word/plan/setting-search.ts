import type { ListedSetting } from "../../../../drafts/settings.ts";

/** The settings to show: without a search the first ones and the changed ones, else those with every word of the search in name, group or help.
 *  Settings without effect appear only in searches. */
export function foundSettings(
  all: readonly ListedSetting[],
  { search, changed }: { readonly search: string; readonly changed: ReadonlySet<string> },
): readonly ListedSetting[] {
  const wanted = search
    .toLowerCase()
    .split(/[\s_-]+/)
    .filter(Boolean);
  if (wanted.length === 0) return all.filter(({ flag, isFirst }) => isFirst || changed.has(flag));
  const found = all.filter(({ flag, group, help }) => {
    const text = `${flag.replaceAll("_", " ")} ${group} ${help}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  const groups = [...new Set(found.map(({ group }) => group))];
  return found.sort((a, b) => groups.indexOf(a.group) - groups.indexOf(b.group));
}

/** The typed value of a setting; null for nothing. Invalid values stay text, for the check to report. */
export function typedValue(
  { kind, choices }: Pick<ListedSetting, "kind" | "choices">,
  typed: string,
): string | number | readonly string[] | null {
  const text = typed.trim();
  if (text === "") return null;
  if (kind === "list") return text.split(/\s+/);
  if (kind === "choice") return choices?.find((choice) => String(choice) === text) ?? text;
  const isNumber = (kind === "integer" || kind === "number") && Number.isFinite(Number(text));
  return isNumber ? Number(text) : text;
}
