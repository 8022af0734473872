import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { hintOfMissing, kindOfPath, readGivenTextFile, readRegularFile } from "../../files/index.ts";
import { isPng, readPngTexts } from "../../formats/png-text/index.ts";
import type { GenerateSettings } from "../../options/index.ts";
import { listPictures } from "../files/source-files.ts";
import type { WrittenPrompt } from "./plan.ts";

/** What there is to draw. */
export interface PromptList {
  readonly prompts: readonly WrittenPrompt[];
  /** Picture files to start from. */
  readonly sources: readonly string[];
  /** Picture files with their masks, which go to the sources in turn. */
  readonly masks: readonly string[];
  /** The prompts were found in these pictures: each belongs to its own. */
  readonly areFromPictures: boolean;
  readonly warnings: readonly string[];
}

type Asked = Pick<GenerateSettings, "prompt" | "fromFile" | "imagePath" | "maskPath" | "interactive">;

/** The prompts of a command line: those of its file, its own, or those that pictures to start from bring along; none yet where they are typed.
 *  @throws FILE_NOT_FOUND, FILE_UNREADABLE, PROMPT_MISSING, PNG_INVALID */
export async function readPrompts({ prompt, fromFile, imagePath, maskPath, interactive }: Asked): Promise<PromptList> {
  const none = { files: [], warnings: [] };
  const sources = imagePath === undefined ? none : await listPictures(imagePath, "--image_path");
  const masks =
    maskPath === undefined || sources.files.length === 0 ? none : await listPictures(maskPath, "--mask_path");
  const warnings = [...sources.warnings, ...masks.warnings];
  const rest = { sources: sources.files, masks: masks.files, areFromPictures: false, warnings };
  if (interactive) return { ...rest, prompts: [] };
  if (fromFile !== undefined) return { ...rest, prompts: await readPromptFile(fromFile, `--from_file ${fromFile}`) };
  if (prompt !== undefined) return { ...rest, prompts: [{ text: prompt, place: "--prompt" }] };
  const found = await promptsOfPictures(sources.files, `--image_path ${imagePath}`);
  return { ...found, masks: masks.files, warnings: [...warnings, ...found.warnings] };
}

/** differs from sd-scripts: a picture without a prompt is left out, where it leaves out only the prompt and so pairs the others wrongly. */
async function promptsOfPictures(files: readonly string[], where: string): Promise<Omit<PromptList, "masks">> {
  const found = await Promise.all(files.map(async (file) => ({ file, prompt: await promptOfPicture(file) })));
  const prompts = found.flatMap(({ prompt }) => prompt ?? []);
  if (prompts.length === 0)
    throw new CoinageError("PROMPT_MISSING", "None of the pictures to start from carries a prompt.", {
      where,
      hint: "Say with --prompt or --from_file what to draw.",
    });
  return {
    prompts,
    sources: found.filter(({ prompt }) => prompt).map(({ file }) => file),
    areFromPictures: true,
    warnings: found
      .filter(({ prompt }) => !prompt)
      .map(({ file }) => `${file} carries no prompt and is left out; masks go to the other pictures in turn.`),
  };
}

/** The prompts of a text file, one a line; lines that are blank or begin with # are left out.
 *  @throws FILE_NOT_FOUND, FILE_UNREADABLE, PROMPT_MISSING */
export async function readPromptFile(file: string, where: string): Promise<WrittenPrompt[]> {
  const prompts = textLines(await readText(file, where)).flatMap((text, i): WrittenPrompt[] =>
    text.trim() === "" || text.startsWith("#") ? [] : [{ text, place: `${file}, line ${i + 1}` }],
  );
  if (prompts.length > 0) return prompts;
  throw new CoinageError("PROMPT_MISSING", `${path.resolve(file)} holds no prompt.`, {
    where,
    hint: "Write one prompt on each line. Lines that begin with # are notes.",
  });
}

function textLines(text: string): string[] {
  return text.split(/\r\n|[\n\r\u0085\u2028\u2029]/);
}

/** A file as UTF-8 text. where: what the user wrote, for errors. @throws FILE_NOT_FOUND, FILE_UNREADABLE */
export async function readText(file: string, where: string): Promise<string> {
  if ((await kindOfPath(file)) === "nothing")
    throw new CoinageError("FILE_NOT_FOUND", `${path.resolve(file)} does not exist.`, {
      where,
      ...hintOfMissing(file),
    });
  return readGivenTextFile(file, "settingsFile", { code: "FILE_UNREADABLE", subject: path.resolve(file), where });
}

/** The prompt that sd-scripts' generator wrote into a picture, with its negative prompt; undefined when there is none. */
async function promptOfPicture(file: string): Promise<WrittenPrompt | undefined> {
  const bytes = await readRegularFile(file, "pictureFile", { code: "FILE_UNREADABLE", subject: file, where: file });
  if (!isPng(bytes)) return undefined;
  const texts = new Map(readPngTexts(bytes).map(({ keyword, text }) => [keyword, text]));
  const prompt = texts.get("prompt");
  const negative = texts.get("negative-prompt");
  if (prompt === undefined) return undefined;
  return { text: negative === undefined ? prompt : `${prompt} --n ${negative}`, place: file };
}
