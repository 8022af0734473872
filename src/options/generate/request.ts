import { parseArguments, repeatedWarnings } from "../arguments.ts";
import type { Parsed } from "../checked.ts";
import type { OptionValue } from "../option.ts";
import { valuesOfRecord } from "../record.ts";
import { settingsFrom } from "../settings.ts";
import { supportWarnings } from "../support.ts";
import type { GenerateInput } from "./input.ts";
import { type GivenGenerateSettings, generateTable } from "./table.ts";

/** The settings of a `generate` command line. @throws USAGE, OPTION_UNSUPPORTED */
export function parseGenerateArguments(argv: readonly string[]): Parsed<GivenGenerateSettings> {
  const read = parseArguments(generateTable, argv);
  const parsed = generateSettings(read.given, read.isHelpAsked);
  return { ...parsed, warnings: [...repeatedWarnings(generateTable, read), ...parsed.warnings] };
}

/** Generation settings from code. @throws USAGE, OPTION_UNSUPPORTED */
export function parseGenerateRecord(record: GenerateInput): Parsed<GivenGenerateSettings> {
  return generateSettings(valuesOfRecord(generateTable, record), false);
}

function generateSettings(
  given: ReadonlyMap<string, OptionValue>,
  isHelpAsked: boolean,
): Parsed<GivenGenerateSettings> {
  const explicit = new Set(given.keys());
  const places = new Map([...explicit].map((name) => [name, `--${name}`]));
  const settings = settingsFrom(generateTable, given);
  const warnings = isHelpAsked ? [] : supportWarnings(generateTable, settings, places);
  return { settings, explicit, places, isHelpAsked, warnings };
}
