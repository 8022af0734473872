import path from "node:path";
import { type RunPlaces, settingsOfRun } from "../../runs/index.ts";

/** A setting that differs between two runs. null: not given. */
interface SettingDifference {
  readonly flag: string;
  readonly a: unknown;
  readonly b: unknown;
}

/** The settings that differ between two runs, sorted by name. Files at the same place in both folders count as equal. */
export async function differencesOf(a: RunPlaces, b: RunPlaces): Promise<readonly SettingDifference[]> {
  const [first, second] = [await comparable(a), await comparable(b)];
  const flags = [...new Set([...first.keys(), ...second.keys()])].sort();
  return flags.flatMap((flag) => {
    const [one, other] = [first.get(flag) ?? null, second.get(flag) ?? null];
    return JSON.stringify(one) === JSON.stringify(other) ? [] : [{ flag, a: one, b: other }];
  });
}

async function comparable(places: RunPlaces): Promise<Map<string, unknown>> {
  const settings = Object.entries(await settingsOfRun(places)).filter(([flag]) => flag !== "run");
  return new Map(
    settings.map(([flag, value]) => {
      const isOwn = typeof value === "string" && value.startsWith(`${places.folder}${path.sep}`);
      return [flag, isOwn ? path.relative(places.folder, value) : value];
    }),
  );
}
