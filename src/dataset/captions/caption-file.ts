import { lstat } from "node:fs/promises";
import { CoinageError } from "../../errors/index.ts";
import { readRegularTextFile } from "../../files/index.ts";
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
    // A link that leads to nothing is there, too, and is told when it is read.
    const found = await lstat(file).catch(() => undefined);
    if (found && !found.isDirectory()) {
      // differs from sd-scripts: a byte order mark is dropped; there it becomes part of the first word.
      const text = await readRegularTextFile(file, "captionFile", {
        code: "CAPTION_UNREADABLE",
        subject: `The caption file ${file}`,
        where: file,
        hint: "Make it a text file that you may read, or remove it.",
      });
      return captionIn(text, file, enableWildcard);
    }
  }
  return undefined;
}

/** A picture of a detected face, `photo_512_300_80_90.png`, may share the caption of `photo`. */
function captionBases(base: string): string[] {
  const parts = base.split("_");
  return parts.length >= 5 ? [base, parts.slice(0, -4).join("_")] : [base];
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
