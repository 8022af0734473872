import { readFile } from "node:fs/promises";
import { CoinageError } from "../../errors/index.ts";
import { kindOfPath, reasonOf } from "../../files/index.ts";
import { withoutExtension } from "../images/paths.ts";
import { strip } from "./strip.ts";

/** The caption file of a picture, as text: its first line, or with wildcards all its lines that are not blank.
 *  Undefined when there is none.
 *  @throws CAPTION_UNREADABLE when it is empty, not UTF-8 or cannot be read. */
export async function readCaption(
  picture: string,
  captionExtension: string,
  enableWildcard: boolean,
): Promise<string | undefined> {
  const ending = captionExtension.startsWith(".") ? captionExtension : `.${captionExtension}`;
  for (const base of captionBases(withoutExtension(picture))) {
    const file = base + ending;
    if ((await kindOfPath(file)) === "file") return captionIn(await readText(file), file, enableWildcard);
  }
  return undefined;
}

/** A picture of a detected face, `photo_512_300_80_90.png`, may share the caption of `photo`. */
function captionBases(base: string): string[] {
  const parts = base.split("_");
  return parts.length >= 5 ? [base, parts.slice(0, -4).join("_")] : [base];
}

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new CoinageError("CAPTION_UNREADABLE", `The caption file ${file} cannot be read (${reasonOf(cause)}).`, {
      where: file,
      hint: "Make it readable, or remove it.",
      cause,
    });
  });
  try {
    // differs from sd-scripts: a byte order mark is dropped; there it becomes part of the first word.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CoinageError("CAPTION_UNREADABLE", `The caption file ${file} is not UTF-8.`, {
      where: file,
      hint: "Save it anew in an editor with the encoding UTF-8.",
      cause,
    });
  }
}

function captionIn(text: string, file: string, enableWildcard: boolean): string {
  if (text === "")
    throw new CoinageError("CAPTION_UNREADABLE", `The caption file ${file} is empty.`, {
      where: file,
      hint: "Write a caption into it, or remove it.",
    });
  const lines = text.split(/\r\n|\r|\n/).map(strip);
  return enableWildcard ? lines.filter((line) => line !== "").join("\n") : lines[0]!;
}
