import path from "node:path";
import { CoinageError, refusalText } from "../errors/index.ts";
import { disk } from "./disk.ts";
import { writeFileAtomically } from "./file.ts";
import { makeFolder } from "./make-folder.ts";
import { reasonOf } from "./reason.ts";

/** Written to try a folder out: on a full disk an empty file may still have room. */
const probeBytes = 16 * 1024;

/** Makes an output folder and tries whether it can be written to, so that long work does not find out at its end.
 *  option: the one that names the folder, such as "--outdir". hint: what to do where it cannot. @throws OUTPUT_UNWRITABLE */
export async function prepareOutputFolder(folder: string, option: string, hint?: string): Promise<void> {
  const probe = path.join(folder, ".coinage-can-write");
  try {
    makeFolder(folder);
    await writeFileAtomically(probe, new Uint8Array(probeBytes));
    await disk().remove(probe);
  } catch (cause) {
    throw new CoinageError(
      "OUTPUT_UNWRITABLE",
      `The output folder ${path.resolve(folder)} cannot be written to: ${refusalText(cause)}.`,
      { where: `${option} ${folder}`, hint: hint ?? hintOf(cause), cause },
    );
  }
}

function hintOf(cause: unknown): string {
  const reason = reasonOf(cause instanceof CoinageError ? cause.cause : cause);
  const remedy = ["ENOSPC", "EDQUOT"].includes(reason) ? "make room on its disk" : "make this one writable";
  return `Choose another folder, or ${remedy}.`;
}
