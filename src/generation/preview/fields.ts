/** What a prompt file of a training run says about one sample picture. */
export interface PreviewFields {
  readonly prompt?: string;
  readonly negativePrompt?: string;
  readonly width?: number;
  readonly height?: number;
  readonly seed?: number;
  readonly steps?: number;
  readonly scale?: number;
  readonly sampler?: string;
}

export interface ReadFields {
  readonly fields: PreviewFields;
  /** Values that cannot be used. */
  readonly problems: readonly string[];
}

type Kind = "integer" | "decimal" | "text";

/** Options of a line and keys of an object. Those for other models are read and come to nothing. */
const lineOptions: ReadonlyMap<string, readonly [keyof PreviewFields, Kind]> = new Map([
  ["w", ["width", "integer"]],
  ["h", ["height", "integer"]],
  ["d", ["seed", "integer"]],
  ["s", ["steps", "integer"]],
  ["l", ["scale", "decimal"]],
  ["n", ["negativePrompt", "text"]],
  ["ss", ["sampler", "text"]],
]);
const objectKeys: ReadonlyMap<string, readonly [keyof PreviewFields, Kind]> = new Map([
  ["prompt", ["prompt", "text"]],
  ["negative_prompt", ["negativePrompt", "text"]],
  ["width", ["width", "integer"]],
  ["height", ["height", "integer"]],
  ["seed", ["seed", "integer"]],
  ["sample_steps", ["steps", "integer"]],
  ["scale", ["scale", "decimal"]],
  ["sample_sampler", ["sampler", "text"]],
]);

const patterns: Readonly<Record<Kind, RegExp>> = {
  integer: /^\p{Nd}+/u,
  decimal: /^[\p{Nd}.]+/u,
  text: /^[^\n]+/,
};

/** Reads a line: "a photo of mycat --n blurry --w 640 --d 42". What is no option is passed over.
 *  differs from sd-scripts: the prompt itself is never read as an option, so it may begin with "n " or "s 1". */
export function fieldsOfLine(line: string): ReadFields {
  const [prompt, ...parts] = line.trim().split(" --") as [string, ...string[]];
  const found = new Map<string, string | number>([["prompt", prompt]]);
  const problems: string[] = [];
  for (const part of parts) {
    const [, name = "", rest = ""] = /^(\w+) (.*)$/s.exec(part) ?? [];
    const [field, kind] = lineOptions.get(name.toLowerCase()) ?? [];
    const [written] = kind ? (patterns[kind].exec(rest) ?? []) : [];
    if (!field || written === undefined) continue;
    const value = kind === "text" ? written : Number(written.normalize("NFKC"));
    if (Number.isNaN(value)) problems.push(`--${part} is passed over: it is no number.`);
    else found.set(field, value);
  }
  return { fields: Object.fromEntries(found), problems };
}

/** Reads an object of a TOML or JSON file. Other keys are passed over. */
export function fieldsOfObject(object: Readonly<Record<string, unknown>>): ReadFields {
  const found = new Map<string, unknown>();
  const problems: string[] = [];
  for (const [key, value] of Object.entries(object)) {
    const [field, kind] = objectKeys.get(key) ?? [];
    if (!field || value === null) continue;
    if (typeof value === (kind === "text" ? "string" : "number")) found.set(field, value);
    else problems.push(`${key} is passed over: ${JSON.stringify(value)} is no ${kind === "text" ? "text" : "number"}.`);
  }
  return { fields: Object.fromEntries(found), problems };
}
