import { CoinageError } from "../errors/index.ts";

/** Refuses a .safetensors header in which a name stands twice: readers disagree on which one counts.
 *  header: JSON text that is known to be an object. @throws CHECKPOINT_UNREADABLE */
export function refuseRepeatedNames(header: string, file: string): void {
  const seen = new Set<string>();
  for (const name of outerNames(header)) {
    if (seen.has(name))
      throw new CoinageError("CHECKPOINT_UNREADABLE", `${file} has two tensors of the name "${name}".`, {
        hint: "The file is damaged. Download or save it again.",
      });
    seen.add(name);
  }
}

/** The keys of the outermost object: the texts at depth 1 that a colon follows. */
function* outerNames(json: string): Generator<string> {
  let depth = 0;
  for (const token of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    const text = token[0];
    if (text === "{" || text === "[") depth++;
    else if (text === "}" || text === "]") depth--;
    else if (depth === 1 && token[1] !== undefined) yield JSON.parse(text.slice(0, -token[1].length)) as string;
  }
}
