import type { Check } from "../../../../checking/check.ts";
import type { Fix } from "../../../../checking/fixes.ts";
import { renamedWord, withWord } from "../../../../drafts/captions.ts";
import type { DraftModel, DraftPicture } from "../../../../drafts/draft.ts";
import type { DraftSettings } from "../../../../drafts/settings.ts";

/** The fields of a draft; pictures are handled separately. */
export interface Fields {
  readonly word: string;
  readonly model: DraftModel | null;
  readonly settings: DraftSettings;
  readonly prompts: readonly string[];
}

/** New captions by picture name. */
export type Captions = Readonly<Record<string, string>>;

/** Fields of a new draft: the recipe "auto" chooses settings for model, device and pictures. */
export const newFields: Fields = { word: "", model: null, settings: { recipe: "auto" }, prompts: [] };

export type SettingValue = DraftSettings[string];

/** The fields with changed settings. null removes a setting. */
export function withSettings(fields: Fields, changes: Readonly<Record<string, SettingValue | null>>): Fields {
  const entries = Object.entries({ ...fields.settings, ...changes }).filter(([, value]) => value !== null);
  return { ...fields, settings: Object.fromEntries(entries) as DraftSettings };
}

/** What the pictures have in common. */
export type Kind = "thing" | "face" | "style";

const recipeOf: Readonly<Record<Kind, string>> = { thing: "auto", face: "likeness", style: "style" };

export function kindOf({ settings: { recipe, use_style_template: isStyle } }: Fields): Kind {
  if (recipe === "style" || (recipe === undefined && isStyle === true)) return "style";
  return recipe === "likeness" ? "face" : "thing";
}

/** The fields for another kind: its recipe is chosen, settings made by hand stay. */
export function withKind(fields: Fields, kind: Kind): Fields {
  if (kindOf(fields) === kind) return fields;
  const changed = withSettings(fields, { recipe: recipeOf[kind], use_object_template: null, use_style_template: null });
  const isUsual = fields.prompts.length === 1 && fields.prompts[0] === usualPrompt(fields);
  return isUsual ? { ...changed, prompts: [usualPrompt(changed)] } : changed;
}

/** Default prompt to draw during training. */
export function usualPrompt(fields: Fields): string {
  return kindOf(fields) === "style" ? `a house by a lake, ${fields.word}` : `a photo of ${fields.word}`;
}

/** Default steps between samples. */
const usualInterval = 25;

/** The fields with new prompts. The sampling interval is set with the first prompt, and removed with the last. */
export function withPrompts(fields: Fields, prompts: readonly string[]): Fields {
  const { sample_every_n_steps: steps, sample_every_n_epochs: epochs } = fields.settings;
  const isAny = prompts.some((prompt) => prompt.trim() !== "");
  if (!isAny)
    return withSettings(
      { ...withInterval(fields, null), prompts: [] },
      { sample_every_n_epochs: null, sample_at_first: null },
    );
  const isTimed = steps !== undefined || epochs !== undefined;
  return { ...(isTimed ? fields : withInterval(fields, usualInterval)), prompts };
}

/** The fields with a new number of steps between samples. Vectors are saved as often unless set otherwise, so that the word of each sample is kept. */
export function withInterval(fields: Fields, steps: number | null): Fields {
  const isTogether = fields.settings.save_every_n_epochs === undefined && isSavedWithSamples(fields);
  return withSettings(fields, { sample_every_n_steps: steps, ...(isTogether && { save_every_n_steps: steps }) });
}

/** Whether vectors are saved as often as images are drawn. */
export function isSavedWithSamples({ settings }: Fields): boolean {
  return settings.save_every_n_steps === settings.sample_every_n_steps;
}

/** The fields and captions with the word renamed, wherever it is not part of another one. */
export function renamed(
  fields: Fields,
  pictures: readonly DraftPicture[],
  { from, to }: { readonly from: string; readonly to: string },
): { readonly fields: Fields; readonly captions: Captions } {
  const prompts = fields.prompts.map((prompt) => renamedWord(prompt, from, to));
  const captions = changedCaptions(pictures, (caption) => renamedWord(caption, from, to));
  return { fields: { ...fields, word: to, prompts }, captions };
}

/** The captions that a change alters. */
export function changedCaptions(pictures: readonly DraftPicture[], change: (caption: string) => string): Captions {
  return Object.fromEntries(
    pictures.flatMap(({ name, caption }) => {
      const changed = change(caption);
      return changed === caption ? [] : [[name, changed]];
    }),
  );
}

export function withCaptions(pictures: readonly DraftPicture[], captions: Captions): readonly DraftPicture[] {
  // unchanged pictures keep their identity, so that they are not rendered again
  return pictures.map((picture) => {
    const { name, caption } = picture;
    const changed = captions[name] ?? caption;
    return changed === caption ? picture : { ...picture, caption: changed };
  });
}

/** The captions to change so that all contain the word. */
export function captionsWithWord({ word, settings }: Fields, pictures: readonly DraftPicture[]): Captions {
  const { init_word: init } = settings;
  return changedCaptions(pictures, (caption) =>
    withWord(caption, word, typeof init === "string" && init !== "auto" ? init : undefined),
  );
}

/** The fields and captions after a fix, and the names of pictures to remove. */
export function mended(
  fields: Fields,
  pictures: readonly DraftPicture[],
  fix: Fix,
): { readonly fields: Fields; readonly captions: Captions; readonly without: readonly string[] } {
  const { settings, word, captions = {}, prompts = fields.prompts, without = [] } = fix;
  const changed = { ...withSettings(fields, settings), prompts };
  if (word === undefined) return { fields: changed, captions, without };
  const named = renamed(changed, withCaptions(pictures, captions), { from: fields.word, to: word });
  return { fields: named.fields, captions: { ...captions, ...named.captions }, without };
}

/** Settings with fields of their own on the screen, left out of the list of other settings. */
export const ownFields: ReadonlySet<string> = new Set([
  ...["recipe", "time", "init_word", "num_vectors_per_token", "sample_every_n_steps"],
]);

/** Values of settings chosen by the recipe, as on a command line. */
export function chosenByRecipe(check: Check | undefined): ReadonlyMap<string, string> {
  const chosen = check?.run?.recipe?.chosen ?? [];
  return new Map(chosen.map(([flag = "", ...words]) => [flag.replace(/^--/, ""), words.join(" ") || "on"]));
}

const byName = new Intl.Collator("en", { numeric: true });

/** Pictures sorted by their original names. */
export function sorted(pictures: readonly DraftPicture[]): readonly DraftPicture[] {
  return pictures.toSorted((a, b) => byName.compare(a.original, b.original));
}

/** Original names of earlier identical pictures, by the name of the duplicate. */
export function doublesOf(pictures: readonly DraftPicture[]): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  const doubles = new Map<string, string>();
  for (const { hash, name, original } of pictures) {
    const earlier = first.get(hash);
    if (earlier === undefined) first.set(hash, original);
    else doubles.set(name, earlier);
  }
  return doubles;
}
