import { openSync } from "node:fs";
import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { makeFolder } from "../files/index.ts";

/** Opens a new file that is written along the way, making its folder; what stood in it goes. where: the setting that names it.
 *  @throws OUTPUT_UNWRITABLE */
export function openLogFile(file: string, where: string): number {
  try {
    makeFolder(path.dirname(file));
    return openSync(file, "w");
  } catch (cause) {
    throw new CoinageError("OUTPUT_UNWRITABLE", `${file} cannot be written.`, {
      where,
      hint: "Choose another place, or leave the setting out.",
      cause,
    });
  }
}
