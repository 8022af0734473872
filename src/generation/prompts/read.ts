import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { hintOfMissing, kindOfPath, readGivenTextFile, readRegularFile } from "../../files/index.ts";
import { isPng, readPngTexts } from "../../formats/png-text/index.ts";
import type { GenerateSettings } from "../../options/index.ts";
import { listImages } from "../files/init-images.ts";
import type { WrittenPrompt } from "./plan.ts";

/** Prompts and init images to generate from. */
export interface PromptList {
  readonly prompts: readonly WrittenPrompt[];
  /** Files of init images. */
  readonly initImages: readonly string[];
  /** Files of masks, assigned to the init images in turn. */
  readonly masks: readonly string[];
  /** Whether the prompts come from the init images' metadata: each belongs to its image. */
  readonly areFromPictures: boolean;
  readonly warnings: readonly string[];
}

type Asked = Pick<GenerateSettings, "prompt" | "fromFile" | "imagePath" | "maskPath" | "interactive">;

/** The prompts of a command line: its file's, its own, or its init images'; none yet if they are typed.
 *  @throws FILE_NOT_FOUND, FILE_UNREADABLE, PROMPT_MISSING, PNG_INVALID */
export async function readPrompts({ prompt, fromFile, imagePath, maskPath, interactive }: Asked): Promise<PromptList> {
  const none = { files: [], warnings: [] };
  const initImages = imagePath === undefined ? none : await listImages(imagePath, "--image_path");
  const masks =
    maskPath === undefined || initImages.files.length === 0 ? none : await listImages(maskPath, "--mask_path");
  const warnings = [...initImages.warnings, ...masks.warnings];
  const rest = { initImages: initImages.files, masks: masks.files, areFromPictures: false, warnings };
  if (interactive) return { ...rest, prompts: [] };
  if (fromFile !== undefined) return { ...rest, prompts: await readPromptFile(fromFile, `--from_file ${fromFile}`) };
  if (prompt !== undefined) return { ...rest, prompts: [{ text: prompt, place: "--prompt" }] };
  const found = await promptsOfImages(initImages.files, `--image_path ${imagePath}`);
  return { ...found, masks: masks.files, warnings: [...warnings, ...found.warnings] };
}

/** differs from sd-scripts: of an init image that carries no prompt only the prompt is left out, so that later prompts go with wrong images.
 *  coinage: the whole image is left out.
 *  because: every prompt belongs to the image that carries it. */
async function promptsOfImages(files: readonly string[], where: string): Promise<Omit<PromptList, "masks">> {
  const found = await Promise.all(files.map(async (file) => ({ file, prompt: await promptOfImage(file) })));
  const prompts = found.flatMap(({ prompt }) => prompt ?? []);
  if (prompts.length === 0)
    throw new CoinageError("PROMPT_MISSING", "None of the init images contains a prompt.", {
      where,
      hint: "Use --prompt or --from_file to say what to generate.",
    });
  return {
    prompts,
    initImages: found.filter(({ prompt }) => prompt).map(({ file }) => file),
    areFromPictures: true,
    warnings: found
      .filter(({ prompt }) => !prompt)
      .map(
        ({ file }) => `${file} contains no prompt, so it is left out; masks are used with the other images in turn.`,
      ),
  };
}

/** The prompts of a text file, one per line; blank lines and lines that begin with # are skipped.
 *  @throws FILE_NOT_FOUND, FILE_UNREADABLE, PROMPT_MISSING */
export async function readPromptFile(file: string, where: string): Promise<WrittenPrompt[]> {
  const prompts = textLines(await readText(file, where)).flatMap((text, i): WrittenPrompt[] =>
    text.trim() === "" || text.startsWith("#") ? [] : [{ text, place: `${file}, line ${i + 1}` }],
  );
  if (prompts.length > 0) return prompts;
  throw new CoinageError("PROMPT_MISSING", `${path.resolve(file)} contains no prompt.`, {
    where,
    hint: "Write one prompt on each line. Lines that begin with # are comments.",
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

/** The prompt that sd-scripts' generator wrote into an image, with its negative prompt; undefined if there is none. */
async function promptOfImage(file: string): Promise<WrittenPrompt | undefined> {
  const bytes = await readRegularFile(file, "pictureFile", { code: "FILE_UNREADABLE", subject: file, where: file });
  if (!isPng(bytes)) return undefined;
  const texts = new Map(readPngTexts(bytes).map(({ keyword, text }) => [keyword, text]));
  const prompt = texts.get("prompt");
  const negative = texts.get("negative-prompt");
  if (prompt === undefined) return undefined;
  return { text: negative === undefined ? prompt : `${prompt} --n ${negative}`, place: file };
}
