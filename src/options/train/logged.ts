import type { OptionValue } from "../option.ts";
import { camelCase } from "../settings.ts";
import { paths, secrets } from "./exposure.ts";
import { type GivenTrainSettings, trainTable } from "./table.ts";

/** What of the settings goes into logs (`--log_config`), by flag name: all but secrets and the paths that name a place on this machine.
 *  null stands for a setting that nobody gave. Lists are texts as Python writes them. */
export function loggedSettings(settings: GivenTrainSettings): Record<string, string | number | boolean | null> {
  const left = new Set<string>([...secrets, ...Object.keys(paths)]);
  const values = settings as Readonly<Record<string, unknown>>;
  const logged = Object.keys(trainTable)
    .filter((name) => !left.has(name))
    .map((name) => [name, loggedValue(values[camelCase(name)] as OptionValue | undefined)] as const);
  const metadata = Object.entries(settings.extraMetadata).map(([key, text]) => [`metadata_${key}`, text] as const);
  return Object.fromEntries([...logged, ...metadata]);
}

function loggedValue(value: OptionValue | undefined): string | number | boolean | null {
  if (value === undefined) return null;
  if (typeof value !== "object") return value;
  if ("steps" in value) return value.steps;
  if ("ratio" in value) return value.ratio;
  // Sizes and ranges are tuples there, words of a flag a list.
  return value.every((entry) => typeof entry === "number")
    ? `(${value.join(", ")})`
    : `[${value.map((entry) => `'${entry}'`).join(", ")}]`;
}
