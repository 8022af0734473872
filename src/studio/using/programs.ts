import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { callIn, type Program } from "../../embedding/index.ts";
import type { Root } from "../disk/folders.ts";
import { embeddingFolders } from "../disk/programs.ts";

/** A folder from which a program loads embeddings. */
export interface ProgramFolder {
  readonly id: string;
  readonly program: Program;
  readonly folder: string;
  /** How prompts spell a word there: "embedding:NAME". */
  readonly spelling: string;
  /** What to do in the program once the file is there. */
  readonly next: string;
}

/** Embedding folders of the programs on this machine. Two programs may share one. */
export async function programFolders(roots: readonly Root[]): Promise<readonly ProgramFolder[]> {
  const folders = await embeddingFolders(roots);
  return Promise.all(
    folders.map(async ({ program, folder }) => {
      const real = await realpath(folder).catch(() => folder);
      const id = createHash("sha256").update(`${program} ${real}`).digest("hex").slice(0, 16);
      return { id, program, folder, spelling: callIn(program, "NAME"), next: nextIn(program, folder) };
    }),
  );
}

function nextIn(program: Program, folder: string): string {
  if (program === "ComfyUI") return "Refresh ComfyUI's page (R), or start it anew.";
  if (program !== "InvokeAI") return `Press Refresh on the tab Textual Inversion in ${program}, or start it anew.`;
  return /autoimport/.test(folder)
    ? "Start InvokeAI anew: it then takes the file up."
    : `In InvokeAI, open Models, Scan Folder, give ${folder} and install the file.`;
}
