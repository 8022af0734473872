import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import {
  hintOfMissing,
  isDescriptorPath,
  kindOfPath,
  readGivenTextFile,
  writeFileAtomically,
} from "../../files/index.ts";
import type { GivenTrainSettings } from "../train/table.ts";
import { parseSettingsFile, parseToml, type SettingsFile, settingsToml } from "./toml.ts";

/** Reads a settings file (`--config_file`); `.toml` is appended to names without it.
 *  @throws FILE_NOT_FOUND, FILE_UNREADABLE, SETTINGS_FILE_INVALID */
export async function readSettingsFile(name: string): Promise<SettingsFile> {
  const file = settingsFilePath(name);
  const hint = file === name ? undefined : await hintWithoutEnding(name);
  return parseSettingsFile(await readText(file, `--config_file ${name}`, hint), file);
}

/** Hint for an existing path that does not end in .toml. */
async function hintWithoutEnding(name: string): Promise<string | undefined> {
  const kind = await kindOfPath(name);
  if (kind === "nothing") return undefined;
  if (kind === "folder") return `${name} is a folder; give the settings file in it, which ends in .toml.`;
  const ofGui = /\.json$/i.test(name)
    ? " The kohya_ss GUI writes one per training into the output folder, beside its .json: config_textual_inversion-DATE.toml."
    : "";
  return `${name} exists, but settings files are TOML and end in .toml.${ofGui}`;
}

/** Checks that a file of tracker settings (`--log_tracker_config`) can be read. Its contents have no effect.
 *  @throws FILE_NOT_FOUND, FILE_UNREADABLE, SETTINGS_FILE_INVALID */
export async function checkTrackerConfig(file: string): Promise<void> {
  parseToml(await readText(file, `--log_tracker_config ${file}`), file);
}

async function readText(file: string, where: string, missingHint?: string): Promise<string> {
  if ((await kindOfPath(file)) === "nothing") {
    throw new CoinageError("FILE_NOT_FOUND", `The settings file ${file} does not exist.`, {
      where,
      ...(missingHint
        ? { hint: missingHint }
        : hintOfMissing(file, `Relative paths start at the current folder: ${path.resolve(file)}`)),
    });
  }
  return readGivenTextFile(file, "settingsFile", {
    code: "FILE_UNREADABLE",
    subject: `The settings file ${file}`,
    where,
    hint: "A settings file is a text file in TOML.",
  });
}

/** Writes the settings that differ from their defaults (`--output_config`) and returns the file's name. An existing file is not overwritten.
 *  @throws OUTPUT_EXISTS, OUTPUT_UNWRITABLE */
export async function writeSettingsFile(name: string, settings: GivenTrainSettings): Promise<string> {
  const file = settingsFilePath(name);
  if ((await kindOfPath(file)) !== "nothing") {
    throw new CoinageError("OUTPUT_EXISTS", `${file} already exists and is not overwritten.`, {
      where: `--output_config --config_file ${name}`,
      hint: "Choose another name, or leave --output_config out to train with the file as it is.",
    });
  }
  await writeFileAtomically(file, settingsToml(settings));
  return file;
}

function settingsFilePath(name: string): string {
  return name.endsWith(".toml") || isDescriptorPath(name) ? name : `${name}.toml`;
}
