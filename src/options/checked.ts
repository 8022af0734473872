import { CoinageError } from "../errors/index.ts";

/** A problem with a setting that does not stop the run. */
export interface SettingsWarning {
  /** The flag it is about, without dashes. */
  readonly option: string;
  readonly message: string;
}

/** Complete and checked settings of a run, with the warnings to show before it. */
export interface Checked<Settings> {
  readonly settings: Settings;
  readonly warnings: readonly SettingsWarning[];
}

/** Settings from a command line or from code, not yet checked. */
export interface Parsed<Settings> {
  readonly settings: Settings;
  /** Names of the flags that were given outside a settings file. */
  readonly explicit: ReadonlySet<string>;
  /** Where the user wrote a setting, by flag name: "--seed", or "seed (train.toml, line 3)". Defaults have no entry. */
  readonly places: ReadonlyMap<string, string>;
  readonly warnings: readonly SettingsWarning[];
  readonly isHelpAsked: boolean;
}

/** "--seed, resolution (train.toml, line 3)": the `where` of an error about settings. */
export function placeText(places: ReadonlyMap<string, string>, names: readonly string[]): string {
  return names.map((name) => places.get(name) ?? `--${name}`).join(", ");
}

/** A combination of settings that cannot work, or that may not do what the user means. */
export interface Rule {
  /** Whether the settings have this combination. */
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
    `${doing} needs ${missing.length === 1 ? "one more setting" : `${missing.length} more settings`}.`,
    {
      where: missing.join("\n  "),
    },
  );
}

/** differs from sd-scripts: -1 is an ordinary seed.
 *  coinage: -1 means a random seed.
 *  because: other programs do the same. */
export function chosenSeed(seed: number | undefined): number | undefined {
  return seed === -1 ? undefined : seed;
}
