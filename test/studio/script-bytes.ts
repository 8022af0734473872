import type { PageBundle } from "../../src/studio/bundle.ts";

/** The screens of the page, as their scripts are named. */
export const screens = ["runs", "new-word", "run", "compare", "use"];

/** Bytes of all that is loaded for a screen: its own script, the page's, and what they import. */
export function scriptBytes(files: PageBundle, screen: string): number {
  const needed = new Set<string>();
  const need = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    for (const [, from, alone] of files.get(name)!.matchAll(/from"\.\/([^"]+)"|import"\.\/([^"]+)"/g))
      need((from ?? alone)!);
  };
  need("app.js");
  need([...files.keys()].find((name) => name.startsWith(`${screen}-`))!);
  return [...needed].reduce((sum, name) => sum + Buffer.byteLength(files.get(name)!), 0);
}
