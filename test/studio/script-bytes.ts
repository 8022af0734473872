import type { PageBundle } from "../../src/studio/bundle.ts";

/** The page's screens, by the names of their scripts. */
export const screens = ["runs", "new-word", "run", "compare", "use"];

/** Bytes of all scripts loaded for a screen: its own, the page's, and their imports. */
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
