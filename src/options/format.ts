import { formatArguments } from "./arguments.ts";
import { type GivenGenerateSettings, generateTable } from "./generate/table.ts";
import { changedSettings } from "./settings.ts";
import { type GivenTrainSettings, trainTable } from "./train/table.ts";

/** A command line that gives these settings, defaults left out. A list entry that begins with "-" cannot be written. */
export function formatTrainArguments(settings: GivenTrainSettings): string[] {
  return formatArguments(changedSettings(trainTable, settings));
}

/** A command line that gives these settings, defaults left out. A list entry that begins with "-" cannot be written. */
export function formatGenerateArguments(settings: GivenGenerateSettings): string[] {
  return formatArguments(changedSettings(generateTable, settings));
}
