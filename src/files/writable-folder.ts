import path from "node:path";
import { CoinageError } from "../errors/index.ts";
import { disk } from "./disk.ts";
import { writeFileAtomically } from "./file.ts";
import { makeFolder } from "./make-folder.ts";

/** Makes an output folder and tries whether it can be written to, so that long work does not find out at its end.
 *  option: the one that names the folder, such as "--outdir". @throws OUTPUT_UNWRITABLE */
export async function prepareOutputFolder(folder: string, option: string): Promise<void> {
  const probe = path.join(folder, ".coinage-can-write");
  try {
    makeFolder(folder);
    await writeFileAtomically(probe, "");
    await disk().remove(probe);
  } catch (cause) {
    throw new CoinageError("OUTPUT_UNWRITABLE", `The output folder ${path.resolve(folder)} cannot be written to.`, {
      where: `${option} ${folder}`,
      hint: "Choose another folder, or make this one writable.",
      cause,
    });
  }
}
