import { CoinageError } from "../errors/index.ts";
import { type Parsed, placeText, type SettingsWarning } from "./parsed.ts";

/** A combination of settings that cannot work, or that surprises. */
export interface Rule {
  /** Whether the settings have it. */
  readonly when: boolean;
  /** Flag names, the one to change first. */
  readonly options: readonly [string, ...string[]];
  readonly message: string;
  readonly hint?: string;
}

/** @throws SETTINGS_CONFLICT for the first rule that holds */
export function refuse(rules: readonly Rule[], { places }: Parsed<unknown>): void {
  const broken = rules.find((rule) => rule.when);
  if (!broken) return;
  throw new CoinageError("SETTINGS_CONFLICT", broken.message, {
    where: placeText(places, broken.options),
    ...(broken.hint && { hint: broken.hint }),
  });
}

/** A warning for every rule that holds. */
export function warnOf(rules: readonly Rule[]): SettingsWarning[] {
  return rules.filter((rule) => rule.when).map(({ options, message }) => ({ option: options[0], message }));
}

/** One error for all settings that are missing. */
export function missingSettings(missing: readonly string[], doing: string): CoinageError {
  return new CoinageError(
    "SETTINGS_MISSING",
    `${doing} needs ${missing.length === 1 ? "one more setting" : "more settings"}.`,
    {
      where: missing.join("\n  "),
    },
  );
}

/** differs from sd-scripts: -1 is no seed, as in other programs; there it is one like any other. */
export function chosenSeed(seed: number | undefined): number | undefined {
  return seed === -1 ? undefined : seed;
}
