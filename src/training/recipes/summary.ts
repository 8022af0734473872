import { flagWords, type OptionValue, settingName, type TrainSettings, trainTable } from "../../options/index.ts";
import type { RecipeSummary } from "../events.ts";
import type { ChosenRecipe } from "./apply.ts";

/** The settings that a recipe chose for a run, and those that the user gave instead. */
export function summaryOf({ name, reason, values, fit }: ChosenRecipe, settings: TrainSettings): RecipeSummary {
  const entries = [...values].map(([flag, value]) => ({
    flag,
    instead: flagWords(flag, value),
    words: flagWords(flag, valueIn(settings, flag)),
  }));
  const isOverridden = ({ flag, words, instead }: (typeof entries)[number]) =>
    settings.places.has(flag) && words.join(" ") !== instead.join(" ");
  return {
    name,
    reason,
    fit,
    chosen: entries.filter((entry) => !isOverridden(entry)).map(({ words }) => words),
    overridden: entries.filter(isOverridden).map(({ words, instead }) => ({ given: words, instead })),
  };
}

/** The recipe's settings with their values in this run, as metadata of embedding files. */
export function recipeMetadata({ name, values }: ChosenRecipe, settings: TrainSettings): Record<string, string> {
  const words = [...values.keys()].flatMap((flag) => flagWords(flag, valueIn(settings, flag)));
  return { coinage_recipe: name, coinage_recipe_settings: words.join(" ") };
}

function valueIn(settings: TrainSettings, flag: keyof typeof trainTable): OptionValue {
  return (settings as unknown as Readonly<Record<string, OptionValue>>)[settingName(flag, trainTable[flag])] ?? false;
}
