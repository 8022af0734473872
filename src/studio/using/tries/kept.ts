import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { readEarlierFile, writeFileAtomically } from "../../../files/index.ts";
import type { RunPlaces } from "../../../runs/index.ts";

const schema = z.looseObject({
  /** Made from everything the pixels depend on. */
  id: z.string().regex(/^[\w-]{1,64}$/),
  prompt: z.string(),
  negativePrompt: z.string(),
  seed: z.number(),
  width: z.number(),
  height: z.number(),
  steps: z.number(),
  guidance: z.number(),
  /** Names of the checkpoints it shows; several if their vectors are the same. "start": the init word; "now": a run in progress. */
  checkpoints: z.array(z.string()),
  /** Training steps done when the trainer drew it. */
  trainedSteps: z.number().optional(),
  /** When it was finished, in milliseconds since 1970. */
  atMs: z.number(),
  /** Drawing time, including loading the model for the first image; unknown if the trainer drew it. */
  seconds: z.number().optional(),
});

/** The facts of a drawn image. */
export type KeptTry = Readonly<Pick<z.infer<typeof schema>, keyof (typeof schema)["shape"]>>;

/** The facts of a wanted image. */
export type TryFacts = Omit<KeptTry, "checkpoints" | "trainedSteps" | "atMs" | "seconds">;

/** The folder of images drawn with a run's word, each with a file of facts beside it. */
export function triesFolder({ folder }: RunPlaces): string {
  return path.join(folder, "tries");
}

export async function makeTriesFolder(places: RunPlaces): Promise<void> {
  await mkdir(triesFolder(places), { recursive: true });
}

/** Writes the facts of a drawn image; without them it does not count. */
export async function keepFacts(places: RunPlaces, facts: KeptTry): Promise<void> {
  await writeFileAtomically(path.join(triesFolder(places), `${facts.id}.json`), `${JSON.stringify(facts)}\n`);
}

/** Drawn images by id. Damaged ones are left out. */
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
