import { CoinageError } from "../errors/index.ts";
import type { OptionTable } from "./option.ts";
import { placeText, type SettingsWarning } from "./parsed.ts";
import { changedSettings } from "./settings.ts";

/** One warning for every setting that differs from its default and does not act.
 *  @throws OPTION_UNSUPPORTED for a setting without which going on would mislead */
export function standingWarnings(
  table: OptionTable,
  settings: object,
  places: ReadonlyMap<string, string>,
): SettingsWarning[] {
  return changedSettings(table, settings).flatMap(([name, option]) => {
    if (option.state === "refused") {
      throw new CoinageError("OPTION_UNSUPPORTED", `--${name} cannot be followed: ${option.note}.`, {
        where: placeText(places, [name]),
      });
    }
    if (option.state === "later") return [{ option: name, message: `--${name} does not act yet: ${option.note}.` }];
    if (!option.note) return [];
    return [{ option: name, message: `--${name} has no effect here: ${option.note}.` }];
  });
}
