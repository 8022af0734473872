import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { readEarlierFile, writeFileAtomically } from "../files/index.ts";
import type { RunPlaces } from "./folder.ts";

const schema = z.discriminatedUnion("command", [
  /** Finish the current step, save, and end. */
  z.strictObject({ command: z.literal("stop") }),
  /** Abandon the current step, save what was learned before it, and end. */
  z.strictObject({ command: z.literal("stopNow") }),
  /** Draw an image; the prompt may contain the options of a prompt file (--w 512 --h 512 --s 20). */
  z.strictObject({ command: z.literal("sample"), prompt: z.string().max(10_000), seed: z.int().min(0).optional() }),
  /** Cancel a requested image. id: of its `sample` command. */
  z.strictObject({ command: z.literal("cancel"), id: z.string().max(255) }),
  /** Save the embedding and the training state now. */
  z.strictObject({ command: z.literal("save") }),
  /** Draw the sample prompts every `sampleEvery` steps from now on; 0: never. */
  z.strictObject({ command: z.literal("set"), sampleEvery: z.int().min(0) }),
]);

/** A command to a run in training. */
export type RunCommand = z.infer<typeof schema>;

/** A command read from its file, or what is wrong with the file. */
export interface FoundCommand {
  /** The name of its file without extension. */
  readonly id: string;
  readonly asked: RunCommand | { readonly command: string; readonly problem: string };
}

/** Leaves a command for a run and returns its id: the `answer` event with that id says how it went, once a process has opened the run. @throws OUTPUT_UNWRITABLE */
export async function sendCommand({ control }: RunPlaces, command: RunCommand): Promise<string> {
  // names sort by time
  const id = `${String(Date.now()).padStart(15, "0")}-${randomBytes(4).toString("hex")}`;
  await writeFileAtomically(path.join(control, `${id}.json`), `${JSON.stringify(command)}\n`);
  return id;
}

/** Takes the waiting commands of a run, oldest first: their files are removed. */
export async function takeCommands({ control }: RunPlaces): Promise<FoundCommand[]> {
  const found: FoundCommand[] = [];
  for (const name of await waitingIn(control)) {
    const file = path.join(control, name);
    const bytes = await readEarlierFile(file);
    await rm(file, { recursive: true, force: true }).catch(() => {});
    found.push({ id: idOf(name), asked: read(bytes) });
  }
  return found;
}

/** Ids of the waiting commands of a run. */
export async function waitingCommands({ control }: RunPlaces): Promise<string[]> {
  return (await waitingIn(control)).map(idOf);
}

function idOf(name: string): string {
  return path.parse(name).name;
}

/** Whether a stop command is waiting. */
export async function isStopWaiting({ control }: RunPlaces): Promise<boolean> {
  for (const name of await waitingIn(control))
    if (/^stop/.test(read(await readEarlierFile(path.join(control, name))).command)) return true;
  return false;
}

async function waitingIn(control: string): Promise<string[]> {
  const names = await readdir(control).catch(() => []);
  return names.filter((name) => /^[^.].*\.json$/.test(name)).sort();
}

const named = z.looseObject({ command: z.string().max(40) });

function read(bytes: Uint8Array | undefined): FoundCommand["asked"] {
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { command: "?", problem: "The file of the command is not JSON." };
  }
  const command = schema.safeParse(data);
  if (command.success) return command.data;
  const known = schema.options.map(({ shape }) => shape.command.value);
  const name = named.safeParse(data).data?.command ?? "?";
  const problem = (known as string[]).includes(name)
    ? command.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`).join("; ")
    : `There is no command "${name}": ${known.join(", ")}.`;
  return { command: name, problem };
}
