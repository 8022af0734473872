import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { readEarlierFile, writeFileAtomically } from "../files/index.ts";
import type { RunPlaces } from "./folder.ts";

const schema = z.discriminatedUnion("command", [
  /** Finish the step under way, save, and end. */
  z.strictObject({ command: z.literal("stop") }),
  /** Give up the step under way, save what those before it have taught, and end. */
  z.strictObject({ command: z.literal("stopNow") }),
  /** Draw an image; the prompt may have the options of a prompt file (--w 512 --h 512 --s 20). */
  z.strictObject({ command: z.literal("sample"), prompt: z.string().max(10_000), seed: z.int().min(0).optional() }),
  /** Give up an image that was asked for. id: of the command that asked. */
  z.strictObject({ command: z.literal("cancel"), id: z.string().max(255) }),
  /** Save the embedding and the state as they are. */
  z.strictObject({ command: z.literal("save") }),
  /** Draw the sample prompts every so many steps from now on; 0: no more. */
  z.strictObject({ command: z.literal("set"), sampleEvery: z.int().min(0) }),
]);

/** What a run can be told while it trains. */
export type RunCommand = z.infer<typeof schema>;

/** A command that was found; without one, what is wrong with its file. */
export interface FoundCommand {
  /** The name of its file without the ending. */
  readonly id: string;
  readonly asked: RunCommand | { readonly command: string; readonly problem: string };
}

/** Gives a command to a run, and its id: the event `answer` with it says what has become of it. Nobody may be there to obey. @throws OUTPUT_UNWRITABLE */
export async function sendCommand({ control }: RunPlaces, command: RunCommand): Promise<string> {
  // in the order of time, by name
  const id = `${String(Date.now()).padStart(15, "0")}-${randomBytes(4).toString("hex")}`;
  await writeFileAtomically(path.join(control, `${id}.json`), `${JSON.stringify(command)}\n`);
  return id;
}

/** The commands that wait for a run, in the order they were given. They are taken away: nobody else finds them. */
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

/** The ids of the commands that wait for a run. */
export async function waitingCommands({ control }: RunPlaces): Promise<string[]> {
  return (await waitingIn(control)).map(idOf);
}

function idOf(name: string): string {
  return path.parse(name).name;
}

/** Whether a command to stop waits. */
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
