import type { SettingsFile } from "./file/toml.ts";

/** Something the user should know although the run goes on. */
export interface SettingsWarning {
  /** The flag it is about, without dashes. */
  readonly option: string;
  readonly message: string;
}

/** Settings that a run can go by: complete, checked, and with the warnings that it is to begin with. */
export interface Checked<Settings> {
  readonly settings: Settings;
  readonly warnings: readonly SettingsWarning[];
}

/** A command line or a record that has been read, its settings not yet checked. */
export interface Parsed<Settings> {
  readonly settings: Settings;
  /** Names of the flags that were given, beside any settings file. */
  readonly explicit: ReadonlySet<string>;
  /** Where the user wrote a setting, by flag name: "--seed", or "seed (train.toml, line 3)". Nothing for defaults. */
  readonly places: ReadonlyMap<string, string>;
  readonly warnings: readonly SettingsWarning[];
  readonly isHelpAsked: boolean;
}

/** Where settings were written: the command line hides the file. */
export function placesOf(explicit: Iterable<string>, file: SettingsFile | undefined): Map<string, string> {
  const places = new Map<string, string>();
  if (file) for (const name of file.values.keys()) places.set(name, `${name} (${file.placeOf(name)})`);
  for (const name of explicit) places.set(name, `--${name}`);
  return places;
}

/** "--seed, resolution (train.toml, line 3)": the `where` of an error about settings. */
export function placeText(places: ReadonlyMap<string, string>, names: readonly string[]): string {
  return names.map((name) => places.get(name) ?? `--${name}`).join(", ");
}
