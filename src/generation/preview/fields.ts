import { beginningOf, nearestName } from "../../errors/index.ts";

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

type Kind = "integer" | "seed" | "decimal" | "text";

/** Options of a line and keys of an object. */
const lineOptions: ReadonlyMap<string, readonly [keyof PreviewFields, Kind]> = new Map([
  ["w", ["width", "integer"]],
  ["h", ["height", "integer"]],
  ["d", ["seed", "seed"]],
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
  ["seed", ["seed", "seed"]],
  ["sample_steps", ["steps", "integer"]],
  ["scale", ["scale", "decimal"]],
  ["sample_sampler", ["sampler", "text"]],
]);

/** Options and keys of sd-scripts that are for other kinds of models. */
const ofOtherModels = {
  line: ["g", "cn", "ctr", "rcfg", "fs", "am"],
  object: ["guidance_scale", "controlnet_image", "cfg_trunc_ratio", "renorm_cfg", "flow_shift", "enum"],
};

const patterns: Readonly<Record<Kind, RegExp>> = {
  integer: /^\p{Nd}+/u,
  seed: /^(?:-1(?![\p{Nd}.])|\p{Nd}+)/u,
  decimal: /^[\p{Nd}.]+/u,
  text: /^[^\n]+/,
};

/** Reads a line: "a photo of mycat --n blurry --w 640 --d 42".
 *  differs from sd-scripts: the prompt itself is never read as an option, so it may begin with "n " or "s 1". */
export function fieldsOfLine(line: string): ReadFields {
  const [prompt, ...parts] = line.trim().split(" --") as [string, ...string[]];
  const found = new Map<string, string | number>([["prompt", prompt]]);
  const problems: string[] = [];
  for (const part of parts) {
    const [, name = "", rest = ""] = /^(\w+) (.*)$/s.exec(part) ?? [];
    if (ofOtherModels.line.includes(name.toLowerCase())) continue;
    const [field, kind] = lineOptions.get(name.toLowerCase()) ?? [];
    const [written] = kind ? (patterns[kind].exec(rest) ?? []) : [];
    const value = kind === "text" ? written : Number(written?.normalize("NFKC"));
    if (!field) problems.push(`--${beginningOf(part)} is ignored: sample prompts have no such option.`);
    else if (value === undefined || Number.isNaN(value))
      problems.push(`--${beginningOf(part)} is ignored: it is no number.`);
    else found.set(field, value);
  }
  return { fields: Object.fromEntries(found), problems };
}

/** Reads an object of a TOML or JSON file. */
export function fieldsOfObject(object: Readonly<Record<string, unknown>>): ReadFields {
  const found = new Map<string, unknown>();
  const problems: string[] = [];
  for (const [key, value] of Object.entries(object)) {
    if (ofOtherModels.object.includes(key) || value === null) continue;
    const [field, kind] = objectKeys.get(key) ?? [];
    if (field === undefined) {
      const known = [...objectKeys.keys()];
      const near = known.find((other) => other.endsWith(`_${key}`)) ?? nearestName(key, known);
      problems.push(
        `${beginningOf(key)} is ignored: sample prompts have no such key.${near ? ` Did you mean ${near}?` : ""}`,
      );
    } else if (typeof value === (kind === "text" ? "string" : "number")) found.set(field, value);
    else problems.push(`${key} is ignored: ${shown(value)} is no ${kind === "text" ? "text" : "number"}.`);
  }
  if (!found.has("prompt")) problems.push("it has no prompt.");
  return { fields: Object.fromEntries(found), problems };
}

/** Enough of a value to know it by. */
function shown(value: unknown): string {
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
  return beginningOf(typeof value === "string" ? JSON.stringify(value) : String(value));
}
