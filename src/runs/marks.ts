import { z } from "zod";
import { readEarlierFile, writeFileAtomically } from "../files/index.ts";
import type { RunPlaces } from "./folder.ts";
import { inTurn } from "./in-turn.ts";

const exported = z.looseObject({
  /** Of the program that it was written for. */
  program: z.string(),
  file: z.string(),
  /** The checkpoint that was written. */
  checkpoint: z.string(),
  /** When, as an ISO date. */
  at: z.string(),
});

const schema = z.looseObject({
  schema: z.literal(1),
  /** Steps whose vectors were found good. */
  stars: z.array(z.int()).default([]),
  note: z.string().default(""),
  exports: z.array(exported).default([]),
});

/** What people have noted about a run. Keys that are not known here are kept. */
export type RunMarks = z.infer<typeof schema>;

const none: RunMarks = { schema: 1, stars: [], note: "", exports: [] };

/** What was noted about a run; nothing where the file is missing or damaged: notes must not hide the run. */
export async function readMarks({ marks }: RunPlaces): Promise<RunMarks> {
  const bytes = await readEarlierFile(marks);
  try {
    return bytes ? schema.parse(JSON.parse(new TextDecoder().decode(bytes))) : none;
  } catch {
    return none;
  }
}

/** Changes what is noted about a run; changes at once come one after another. Gives the marks after it. @throws OUTPUT_UNWRITABLE */
export async function changeMarks(places: RunPlaces, change: (marks: RunMarks) => RunMarks): Promise<RunMarks> {
  return inTurn(places.marks, async () => {
    const marks = change(await readMarks(places));
    await writeFileAtomically(places.marks, `${JSON.stringify(marks, undefined, 2)}\n`);
    return marks;
  });
}
