import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { readRegularTextFile } from "../../files/index.ts";
import { byCodePoint, joinPath, withoutExtension } from "../images/paths.ts";
import { strip } from "./caption.ts";

interface FoundCaption {
  /** The first line; with --enable_wildcard, all lines that are not blank. */
  readonly caption: string;
  /** Whether there are more lines. */
  readonly hasMoreLines: boolean;
}

/** The caption of an image from its caption file; undefined if there is none.
 *  @throws CAPTION_UNREADABLE if it is empty, not UTF-8 or unreadable */
export async function readCaption(
  picture: string,
  captionExtension: string,
  enableWildcard: boolean,
): Promise<FoundCaption | undefined> {
  const ending = captionExtension.startsWith(".") ? captionExtension : `.${captionExtension}`;
  for (const base of captionBases(withoutExtension(picture))) {
    const file = base + ending;
    // a broken link counts as a caption file: reading it reports the problem
    const found = await lstat(file).catch(() => undefined);
    if (found && !found.isDirectory()) {
      // differs from sd-scripts: the byte order mark of a caption file becomes part of the first word.
      // coinage: the byte order mark of a caption file is dropped.
      // because: Windows editors write it, and no word was meant.
      const text = await readRegularTextFile(file, "captionFile", {
        code: "CAPTION_UNREADABLE",
        subject: `The caption file ${file}`,
        where: file,
        hint: "Make it a readable text file, or remove it.",
      });
      return captionIn(text, file, enableWildcard);
    }
  }
  return undefined;
}

/** Stems of possible caption files: the image of a detected face, `photo_512_300_80_90.png`, may share the caption of `photo`. */
function captionBases(base: string): string[] {
  const parts = base.split("_");
  return parts.length >= 5 ? [base, parts.slice(0, -4).join("_")] : [base];
}

function captionIn(text: string, file: string, enableWildcard: boolean): FoundCaption {
  if (text === "")
    throw new CoinageError("CAPTION_UNREADABLE", `The caption file ${file} is empty.`, {
      where: file,
      hint: "Write a caption into it, or remove it.",
    });
  const lines = text.split(/\r\n|\r|\n/).map(strip);
  const [first = "", ...others] = lines;
  if (!enableWildcard) return { caption: first, hasMoreLines: others.some((line) => line !== "") };
  return { caption: lines.filter((line) => line !== "").join("\n"), hasMoreLines: false };
}

/** Usual extensions of caption files, in lower case. */
const usualEndings: ReadonlySet<string> = new Set([".txt", ".caption"]);

/** Files named like captions of these images, but with another extension. pictures: images without caption file. */
export async function captionsOfOtherEnding(pictures: readonly string[]): Promise<string[]> {
  // also `a.png.txt`
  const stems = new Set([...pictures, ...pictures.map(withoutExtension)]);
  const folders = [...new Set(pictures.map((picture) => path.dirname(picture)))];
  const found = folders.map(async (folder) => {
    const names = (await readdir(folder).catch(() => [])).filter((name) =>
      usualEndings.has(path.extname(name).toLowerCase()),
    );
    return names.map((name) => joinPath(folder, name)).filter((file) => stems.has(withoutExtension(file)));
  });
  return (await Promise.all(found)).flat().sort(byCodePoint);
}
