import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { readEarlierFile, writeFileAtomically } from "../../../files/index.ts";
import type { RunPlaces } from "../../../runs/index.ts";

const schema = z.looseObject({
  /** Made from all that the pixels depend on. */
  id: z.string().regex(/^[\w-]{1,64}$/),
  prompt: z.string(),
  negativePrompt: z.string(),
  seed: z.number(),
  width: z.number(),
  height: z.number(),
  steps: z.number(),
  guidance: z.number(),
  /** Names of the checkpoints that it shows: those of the same vectors show the same. "start": the init word; "now": a run that was under way. */
  checkpoints: z.array(z.string()),
  /** Training steps after which the trainer drew it. */
  trainedSteps: z.number().optional(),
  /** When it was done, in milliseconds since 1970. */
  atMs: z.number(),
  /** What drawing it took, with loading the model for the first one; not known of what the trainer drew. */
  seconds: z.number().optional(),
});

/** What is known of an image that was drawn. */
export type KeptTry = Readonly<Pick<z.infer<typeof schema>, keyof (typeof schema)["shape"]>>;

/** What is known of one that is wanted. */
export type TryFacts = Omit<KeptTry, "checkpoints" | "trainedSteps" | "atMs" | "seconds">;

/** Where the images that were tried with a run are, each with its facts in a file beside it. */
export function triesFolder({ folder }: RunPlaces): string {
  return path.join(folder, "tries");
}

/** Makes the folder of tries. */
export async function makeTriesFolder(places: RunPlaces): Promise<void> {
  await mkdir(triesFolder(places), { recursive: true });
}

/** Notes what an image is that was drawn. Before that it does not count. */
export async function keepFacts(places: RunPlaces, facts: KeptTry): Promise<void> {
  await writeFileAtomically(path.join(triesFolder(places), `${facts.id}.json`), `${JSON.stringify(facts)}\n`);
}

/** Images that were drawn, by their ids. What is damaged was not. */
export async function readKept(places: RunPlaces): Promise<ReadonlyMap<string, KeptTry>> {
  const names = new Set(await readdir(triesFolder(places)).catch(() => []));
  const found = await Promise.all(
    [...names].map(async (name) => {
      const { name: id, ext } = path.parse(name);
      if (ext !== ".json" || !names.has(`${id}.png`)) return [];
      const bytes = await readEarlierFile(path.join(triesFolder(places), name));
      const facts = factsIn(bytes);
      return facts?.id === id ? [[id, facts] as const] : [];
    }),
  );
  return new Map(found.flat());
}

function factsIn(bytes: Uint8Array | undefined): KeptTry | undefined {
  try {
    return schema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch {
    return undefined;
  }
}
