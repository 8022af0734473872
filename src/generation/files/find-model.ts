import { readdir } from "node:fs/promises";
import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { kindOfPath } from "../../files/index.ts";

/** The model that `--ckpt` names: a path, or a pattern with *, ? or [...] that fits exactly one. @throws FILE_NOT_FOUND */
export async function findModel(target: string): Promise<string> {
  if ((await kindOfPath(target)) !== "nothing" || !/[*?[]/.test(target)) return target;
  const found = await matching(target);
  if (found.length === 1) return found[0]!;
  const what = found.length === 0 ? "no file" : `${found.length} files`;
  throw new CoinageError("FILE_NOT_FOUND", `The pattern ${target} fits ${what}; it must fit exactly one.`, {
    where: `--ckpt ${target}`,
    ...(found.length > 0 && { hint: found.slice(0, 10).join("\n") }),
  });
}

async function matching(pattern: string): Promise<string[]> {
  const { root } = path.parse(pattern);
  let found = [root];
  for (const part of pattern.slice(root.length).split(/[/\\]/)) {
    const next: string[] = [];
    for (const folder of found) next.push(...(await matchingIn(folder, part)));
    found = next;
  }
  return found.sort();
}

async function matchingIn(folder: string, part: string): Promise<string[]> {
  if (!/[*?[]/.test(part)) {
    const single = path.join(folder, part);
    return (await kindOfPath(single)) === "nothing" ? [] : [single];
  }
  const names = await readdir(folder || ".").catch(() => []);
  const expression = new RegExp(`^${partExpression(part)}$`, "s");
  return names
    .filter((name) => expression.test(name) && (part.startsWith(".") || !name.startsWith(".")))
    .map((name) => path.join(folder, name));
}

function partExpression(part: string): string {
  return part.replace(/\*|\?|\[(!?)([^\]]+)\]|[\\^$.+()[\]{}|/]/g, (found, not?: string, set?: string) => {
    if (found === "*") return ".*";
    if (found === "?") return ".";
    if (set !== undefined) return `[${not ? "^" : ""}${set.replace(/[\\\]^[]/g, "\\$&")}]`;
    return `\\${found}`;
  });
}
