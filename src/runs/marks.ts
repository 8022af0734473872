import { z } from "zod";
import { readEarlierFile, writeFileAtomically } from "../files/index.ts";
import type { RunPlaces } from "./folder.ts";
import { inTurn } from "./in-turn.ts";

const exported = z.looseObject({
  /** The program it was written for. */
  program: z.string(),
  file: z.string(),
  /** The exported checkpoint. */
  checkpoint: z.string(),
  /** When, as an ISO date. */
  at: z.string(),
});

const schema = z.looseObject({
  schema: z.literal(1),
  /** Steps of the starred checkpoints. */
  stars: z.array(z.int()).default([]),
  note: z.string().default(""),
  exports: z.array(exported).default([]),
});

/** What people noted about a run. Unknown keys are kept. */
export type RunMarks = z.infer<typeof schema>;

const none: RunMarks = { schema: 1, stars: [], note: "", exports: [] };

/** The marks of a run; none if their file is missing or damaged, since notes must not hide the run. */
export async function readMarks({ marks }: RunPlaces): Promise<RunMarks> {
  const bytes = await readEarlierFile(marks);
  try {
    return bytes ? schema.parse(JSON.parse(new TextDecoder().decode(bytes))) : none;
  } catch {
    return none;
  }
}

/** Changes the marks of a run and returns them. Concurrent changes in this process take turns. @throws OUTPUT_UNWRITABLE */
export async function changeMarks(places: RunPlaces, change: (marks: RunMarks) => RunMarks): Promise<RunMarks> {
  return inTurn(places.marks, async () => {
    const marks = change(await readMarks(places));
    await writeFileAtomically(places.marks, `${JSON.stringify(marks, undefined, 2)}\n`);
    return marks;
  });
}
