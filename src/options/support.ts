import { CoinageError } from "../errors/index.ts";
import { placeText, type SettingsWarning } from "./checked.ts";
import type { Option, OptionTable } from "./option.ts";
import { changedSettings } from "./settings.ts";

/** Whether an option's value has any effect, be it a refusal. */
export function actsOn({ effect, state }: Option): boolean {
  return state === "refused" || (state !== "later" && effect !== "accepted-without-effect");
}

/** One warning for every setting that differs from its default and has no effect.
 *  @throws OPTION_UNSUPPORTED for a setting that must not be ignored silently */
export function supportWarnings(
  table: OptionTable,
  settings: object,
  places: ReadonlyMap<string, string>,
): SettingsWarning[] {
  return changedSettings(table, settings).flatMap(([name, option]) => {
    if (option.state === "refused") {
      throw new CoinageError("OPTION_UNSUPPORTED", `--${name} is not supported: ${option.note}.`, {
        where: placeText(places, [name]),
      });
    }
    if (option.state === "later")
      return [{ option: name, message: `--${name} is not implemented yet and ignored: ${option.note}.` }];
    if (!option.note) return [];
    return [{ option: name, message: `--${name} has no effect: ${option.note}.` }];
  });
}

/** The flags of a table by how far they are supported. */
interface Coverage {
  readonly acting: readonly string[];
  readonly withoutEffect: readonly string[];
  readonly later: readonly string[];
  readonly refused: readonly string[];
}

/** Groups the flags of a table by how far they are supported. */
export function coverageOf(table: OptionTable): Coverage {
  const names = (matches: (option: Option) => boolean): string[] =>
    Object.entries(table).flatMap(([name, option]) => (matches(option) ? [name] : []));
  return {
    acting: names((option) => !option.note),
    withoutEffect: names((option) => option.note !== undefined && !option.state),
    later: names((option) => option.state === "later"),
    refused: names((option) => option.state === "refused"),
  };
}
