import path from "node:path";
import { z } from "zod";
import { CoinageError } from "../../errors/index.ts";
import { quotedWord } from "../../files/index.ts";
import type { TrainInput } from "../../options/index.ts";
import { promptLines } from "./prompts.ts";
import { settingsOfDraft, wordsOfSetting } from "./settings.ts";

/** Version of the draft format on disk. */
const draftSchema = 1;

const text = (most: number) => z.string().max(most);

const warning = z.object({ code: z.string(), message: z.string() });

const draftPicture = z.object({
  /** Its file in `pictures/`; the caption is beside it, in a file of the same name with the extension .txt. */
  name: z.string(),
  /** The user's name for the file. */
  original: z.string(),
  bytes: z.number(),
  /** In pixels, upright. */
  width: z.number(),
  height: z.number(),
  /** SHA-256 of the file as received. */
  hash: z.string(),
  caption: z.string(),
  warnings: z.array(warning),
});
export type DraftPicture = z.output<typeof draftPicture>;

const model = z.union([z.strictObject({ id: text(100) }), z.strictObject({ hub: text(300) })]);
/** A listed model by id, or a model on the hub by name. */
export type DraftModel = z.output<typeof model>;

const value = z.union([
  z.string().max(20_000),
  z.number(),
  z.boolean(),
  z.array(z.union([text(1000), z.number()])).max(100),
]);
const settings = z.record(text(100), value);

/** A draft as the page sends it. Pictures are sent separately. */
export const draftInput = z.strictObject({
  /** The revision that the page changed. */
  revision: z.int().min(0),
  word: text(200),
  model: model.nullable(),
  /** By sd-scripts' flag names. */
  settings,
  /** Prompts to draw during training, with the options of a prompt file. */
  prompts: z.array(text(2000)).max(20).optional(),
  /** New captions by picture name. */
  captions: z.record(text(255), text(20_000)).optional(),
});
export type DraftInput = z.output<typeof draftInput>;

const storedDraft = z.object({
  schema: z.literal(draftSchema),
  id: z.string(),
  /** Number of changes to everything but the pictures. */
  revision: z.number(),
  createdAt: z.string(),
  changedAt: z.string(),
  word: z.string(),
  model: model.nullable(),
  settings,
  prompts: z.array(z.string()).default([]),
  /** Width and height that its images are trained in, from the last check. */
  trainedSize: z.tuple([z.number(), z.number()]).optional(),
  pictures: z.array(draftPicture),
  /** Number of the next picture. */
  next: z.number(),
  /** The revision that was started last: a draft unchanged since then is not shown as one in preparation. */
  startedRevision: z.number().optional(),
  /** The run started from that revision. */
  startedRun: z.string().optional(),
  /** The run the draft was made from; weights: the file beside the draft with the vectors to start from. */
  from: z.object({ run: z.string(), weights: z.string().optional() }).optional(),
});

/** A word in preparation, before its run. */
export type Draft = z.output<typeof storedDraft>;

export function newDraft(id: string, now = new Date().toISOString()): Draft {
  const empty = { word: "", model: null, settings: {}, prompts: [], pictures: [], next: 1 };
  return { schema: draftSchema, id, revision: 0, createdAt: now, changedAt: now, ...empty };
}

/** Reads draft.json. @throws DRAFT_INVALID */
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

/** The error for a request based on an old revision of a draft. */
export function draftChanged(): CoinageError {
  return new CoinageError("DRAFT_CHANGED", "The draft was changed elsewhere, for instance in another tab.", {
    hint: "Look at what is there now, and do it again.",
  });
}

/** Paths that a draft's run needs. */
interface DraftFiles {
  /** A path, or a name on the hub; undefined if none is chosen. */
  readonly modelPath: string | undefined;
  /** Folder of the pictures. */
  readonly pictures: string;
  /** File of the prompts. */
  readonly prompts: string;
}

/** The sampler of images drawn during training. The trainer's default, sd-scripts' DDIM, clips latents to -1..1, which fades colours. */
const sampleSampler = "euler";

/** The settings of a draft's run: the draft's own, and the sampler of its prompts. */
function settingsOf({ settings, ...draft }: Draft): Draft["settings"] {
  return promptLines(draft) === "" ? settings : { sample_sampler: sampleSampler, ...settings };
}

/** A draft as settings of a run. */
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

/** The file of the vectors to start from, beside the pictures of a draft or its run. */
function weightsBeside(pictures: string, name: string): string {
  return path.join(path.dirname(pictures), name);
}

/** The command line that trains the same on this machine. */
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
