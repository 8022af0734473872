/** Where every value of a document stands, by path ("/datasets/0/resolution"): line from 1 and, of numbers, the text. */
export type Places = ReadonlyMap<string, { readonly line: number; readonly text?: string }>;

interface Level {
  readonly place: string;
  /** Index of the next item of a list; undefined in an object. */
  index: number | undefined;
  key: string;
}

/** The places of all values of a JSON text that is known to be well-formed. A member of an object stands where its key stands. */
export function placesInJson(text: string): Places {
  const places = new Map<string, { line: number; text?: string }>();
  const levels: Level[] = [];
  let line = 1;
  let pendingKey: { key: string; line: number } | undefined;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|\n|[^\s{}[\],:"]+/g)) {
    const level = levels.at(-1);
    if (token === "\n") line++;
    else if (token === "}" || token === "]") levels.pop();
    else if (token === ":" && level && pendingKey) level.key = pendingKey.key;
    else if (token === ",") {
      if (level?.index !== undefined) level.index++;
      pendingKey = undefined;
    } else if (level?.index === undefined && level && !pendingKey) {
      pendingKey = { key: JSON.parse(token) as string, line };
    } else {
      const place = level ? `${level.place}/${level.index ?? level.key}` : "";
      places.set(place, { line: pendingKey?.line ?? line, text: token });
      pendingKey = undefined;
      if (token === "{") levels.push({ place, index: undefined, key: "" });
      if (token === "[") levels.push({ place, index: 0, key: "" });
    }
  }
  return places;
}
