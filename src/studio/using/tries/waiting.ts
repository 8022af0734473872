import { z } from "zod";
import { readEarlierFile, writeFileAtomically } from "../../../files/index.ts";
import { type TryInput, tryInput } from "./cells.ts";
import type { Wanted } from "./rows.ts";

const schema = z.object({ schema: z.literal(1), waiting: z.array(tryInput) });

/** The images that waited when a studio ended, in order, as requests. None if the file is missing or damaged. */
export async function readWaiting(file: string): Promise<readonly TryInput[]> {
  const bytes = await readEarlierFile(file);
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes))).waiting;
  } catch {
    return [];
  }
}

/** Stores the waiting images for the next studio. @throws OUTPUT_UNWRITABLE */
export async function writeWaiting(file: string, wanted: readonly Wanted[]): Promise<void> {
  await writeFileAtomically(file, `${JSON.stringify({ schema: 1, waiting: wanted.map(inputOf) })}\n`);
}

/** An image as a request, with all its checkpoints. */
function inputOf({ run, checkpoints, cell: { facts } }: Wanted): TryInput {
  const { id: _, prompt, seed, ...shared } = facts;
  return { run, cells: [...checkpoints].map((checkpoint) => ({ checkpoint, prompt, seed })), ...shared };
}
