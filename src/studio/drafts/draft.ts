import path from "node:path";
import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import { quotedWord } from "../../files/index.ts";
import type { TrainInput } from "../../options/index.ts";
import { promptLines } from "./prompts.ts";
import { settingsOfDraft, wordsOfSetting } from "./settings.ts";

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
  /** What to draw while training, one prompt each, with the options of a prompt file. */
  prompts: z.array(text(2000)).max(20).optional(),
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
  prompts: z.array(z.string()).default([]),
  /** Width and height that its images are trained in, as far as a check has told. */
  trainedSize: z.tuple([z.number(), z.number()]).optional(),
  pictures: z.array(draftPicture),
  /** Number of the next picture. */
  next: z.number(),
  /** The revision that was started last: a draft that has not changed since is not waiting for anything. */
  startedRevision: z.number().optional(),
  /** The run that was started then. */
  startedRun: z.string().optional(),
  /** The run that it was made from; weights: the file beside the draft with the vectors to start from. */
  from: z.object({ run: z.string(), weights: z.string().optional() }).optional(),
});

/** A word to be learned, as far as it has been thought out. */
export type Draft = z.output<typeof storedDraft>;

export function newDraft(id: string, now = new Date().toISOString()): Draft {
  const empty = { word: "", model: null, settings: {}, prompts: [], pictures: [], next: 1 };
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

/** Something was asked of a draft as it no longer is. */
export function draftChanged(): CoinageError {
  return new CoinageError("DRAFT_CHANGED", "The draft was changed elsewhere, for instance in another tab.", {
    hint: "Look at what is there now, and do it again.",
  });
}

/** What a draft's run takes that the draft names only by an id. */
interface DraftFiles {
  /** A path, or a name on the hub; undefined while none is chosen. */
  readonly modelPath: string | undefined;
  /** Folder of the pictures. */
  readonly pictures: string;
  /** File of the prompts. */
  readonly prompts: string;
}

/** The sampler of images that are drawn while training. The trainer's own, sd-scripts' DDIM, clips latents to -1..1, which takes colours away. */
const sampleSampler = "euler";

/** The settings that a draft's run gets: the draft's own, and what its prompts are drawn with. */
function settingsOf({ settings, ...draft }: Draft): Draft["settings"] {
  return promptLines(draft) === "" ? settings : { sample_sampler: sampleSampler, ...settings };
}

/** The settings of a draft as those of a run in code. */
export function trainInputOf(draft: Draft, { modelPath, pictures, prompts }: DraftFiles): TrainInput {
  return {
    ...(settingsOfDraft(settingsOf(draft)) as TrainInput),
    ...(modelPath !== undefined && { pretrainedModelNameOrPath: modelPath }),
    tokenString: draft.word,
    imageDir: pictures,
    captionExtension: ".txt",
    ...(promptLines(draft) !== "" && { samplePrompts: prompts }),
    ...(draft.from?.weights !== undefined && { weights: weightsBeside(pictures, draft.from.weights) }),
  };
}

/** The vectors that a draft or its run starts from lie beside its pictures. */
function weightsBeside(pictures: string, name: string): string {
  return path.join(path.dirname(pictures), name);
}

/** The command line that trains the same in a terminal of this machine. */
export function commandOf(draft: Draft, { modelPath, pictures, prompts }: DraftFiles): string {
  const { word } = draft;
  const words = [
    ...["--run", word, "--token_string", word],
    ...(modelPath === undefined ? [] : ["--pretrained_model_name_or_path", modelPath]),
    ...["--image_dir", pictures, "--caption_extension", ".txt"],
    ...(promptLines(draft) === "" ? [] : ["--sample_prompts", prompts]),
    ...(draft.from?.weights === undefined ? [] : ["--weights", weightsBeside(pictures, draft.from.weights)]),
    ...Object.entries(settingsOf(draft)).flatMap(([flag, value]) => wordsOfSetting(flag, value)),
  ];
  return ["coinage train", ...words.map((one) => quotedWord(one))].join(" ");
}
