import { settingName, type TrainInput, trainTable } from "../../options/index.ts";
import { type DraftSettings, settingsOfDraft } from "../drafts/settings.ts";
import type { SettingsChange } from "./cheaper.ts";

/** The settings of a run after a change in its draft. */
export function changedInput(input: TrainInput, changes: SettingsChange["settings"]): TrainInput {
  const given = Object.entries(changes).filter(([, value]) => value !== null);
  const gone = Object.entries(changes).flatMap(([flag, value]) => (value === null ? [nameOf(flag)] : []));
  const kept = Object.entries(input).filter(([name]) => !gone.includes(name));
  return { ...Object.fromEntries(kept), ...settingsOfDraft(Object.fromEntries(given) as DraftSettings) } as TrainInput;
}

function nameOf(flag: string): string {
  const table: Readonly<Record<string, (typeof trainTable)[keyof typeof trainTable]>> = trainTable;
  return settingName(flag, table[flag]!);
}
