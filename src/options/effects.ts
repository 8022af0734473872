import type { Effect, Option, OptionValue } from "./option.ts";
import { changedSettings } from "./settings.ts";
import { trainFileTable } from "./train/table.ts";

/** Whether anything depends on an option's value, be it a refusal. */
export function actsOn({ effect, state }: Option): boolean {
  return state === "refused" || (state !== "later" && effect !== "accepted-without-effect");
}

/** The training settings that differ from their defaults and act in this way, with their flag names. */
export function settingsWithEffect(effect: Effect, settings: object): [name: string, value: OptionValue][] {
  return changedSettings(trainFileTable, settings).flatMap(([name, option, value]) =>
    option.effect === effect && !option.state ? [[name, value]] : [],
  );
}
