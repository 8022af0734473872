import { z } from "zod";
import { CoinageError, nearestName } from "../../errors/index.ts";
import { type Option, settingName, type TrainInput, trainTable } from "../../options/index.ts";

/** What a draft calls itself on disk. */
const draftSchema = 1;

const text = (most: number) => z.string().max(most);

const warning = z.object({ code: z.string(), message: z.string() });

const draftPicture = z.object({
  /** Its file in `pictures/`; the caption lies beside it, in a file of the same name that ends with .txt. */
  name: z.string(),
  /** What its owner calls it. */
  original: z.string(),
  bytes: z.number(),
  /** Upright, in pixels. */
  width: z.number(),
  height: z.number(),
  /** SHA-256 of the file as it came. */
  hash: z.string(),
  caption: z.string(),
  warnings: z.array(warning),
});
export type DraftPicture = z.output<typeof draftPicture>;

const model = z.union([z.strictObject({ id: text(100) }), z.strictObject({ hub: text(300) })]);
/** A model of the list by its id, or one of the hub by its name. */
export type DraftModel = z.output<typeof model>;

const value = z.union([
  z.string().max(20_000),
  z.number(),
  z.boolean(),
  z.array(z.union([text(1000), z.number()])).max(100),
]);
const settings = z.record(text(100), value);

/** What the page says a draft is. Its pictures come by themselves. */
export const draftInput = z.strictObject({
  /** The revision that it was made from. */
  revision: z.int().min(0),
  word: text(200),
  model: model.nullable(),
  /** By sd-scripts' names. */
  settings,
  /** New captions, by the name of the picture. */
  captions: z.record(text(255), text(20_000)).optional(),
});
export type DraftInput = z.output<typeof draftInput>;

const storedDraft = z.object({
  schema: z.literal(draftSchema),
  id: z.string(),
  /** Counts what was typed and chosen; pictures come and go without it. */
  revision: z.number(),
  createdAt: z.string(),
  changedAt: z.string(),
  word: z.string(),
  model: model.nullable(),
  settings,
  pictures: z.array(draftPicture),
  /** Number of the next picture. */
  next: z.number(),
});

/** A word to be learned, as far as it has been thought out. */
export type Draft = z.output<typeof storedDraft>;

export function newDraft(id: string, now = new Date().toISOString()): Draft {
  const empty = { word: "", model: null, settings: {}, pictures: [], next: 1 };
  return { schema: draftSchema, id, revision: 0, createdAt: now, changedAt: now, ...empty };
}

/** A draft as it is kept. @throws DRAFT_INVALID */
export function parseDraft(json: string, where: string): Draft {
  try {
    return storedDraft.parse(JSON.parse(json));
  } catch (cause) {
    throw new CoinageError("DRAFT_INVALID", "The draft is damaged, or of another version of the studio.", {
      where,
      hint: "Its pictures and captions lie beside it; make a new draft from them.",
      cause,
    });
  }
}

/** Settings that are any text, and may be set in a draft. Others that are text name files, addresses or secrets, which a page must not choose;
 *  model, word, pictures and output of a draft are set by other means. */
const freeTexts: ReadonlySet<string> = new Set([
  ...["init_word", "learning_rate", "optimizer_type", "optimizer_args", "lr_scheduler_type", "lr_scheduler_args"],
  ...["caption_separator", "secondary_separator", "keep_tokens_separator", "caption_prefix", "caption_suffix"],
  ...["training_comment", "metadata_title", "metadata_author", "metadata_description", "metadata_license"],
  ...[
    "metadata_tags",
    "class_tokens",
    "alpha_background",
    "recipe",
    "time",
    "init",
    "keep",
    "norm_target",
    "prior_pull",
  ],
]);

/** Whether a draft may have a setting: a number, a switch, a choice, or one of the free texts. */
function isDraftable(flag: string, { type, choices }: Option): boolean {
  return freeTexts.has(flag) || (flag !== "output_config" && (type !== "string" || choices !== undefined));
}

/** Refuses settings that a draft cannot have. @throws DRAFT_INVALID */
export function requireDraftable(given: DraftInput["settings"]): void {
  const table = trainTable as Readonly<Record<string, Option>>;
  for (const flag of Object.keys(given)) {
    const option = Object.hasOwn(table, flag) ? table[flag] : undefined;
    if (option && isDraftable(flag, option)) continue;
    const near = option ? undefined : nearestName(flag, Object.keys(table));
    throw new CoinageError(
      "DRAFT_INVALID",
      option ? `--${flag} cannot be set in the studio.` : `There is no setting "${flag}".`,
      {
        where: flag,
        hint: near
          ? `Did you mean ${near}?`
          : "Settings that name files are for the command line: coinage train --help",
      },
    );
  }
}

/** The settings of a draft as those of a run in code. modelPath: a path, or a name on the hub; undefined while none is chosen. */
export function trainInputOf(
  draft: Draft,
  { modelPath, pictures }: { readonly modelPath: string | undefined; readonly pictures: string },
): TrainInput {
  const table = trainTable as Readonly<Record<string, Option>>;
  const own = Object.entries(draft.settings).map(([flag, setting]) => [settingName(flag, table[flag]!), setting]);
  return {
    ...(Object.fromEntries(own) as TrainInput),
    ...(modelPath !== undefined && { pretrainedModelNameOrPath: modelPath }),
    tokenString: draft.word,
    imageDir: pictures,
    captionExtension: ".txt",
  };
}
