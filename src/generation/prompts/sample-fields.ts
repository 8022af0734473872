import { beginningOf, nearestName } from "../../errors/index.ts";
import { type OptionForms, readLine } from "./line.ts";

/** The fields of one sample image in a training run's prompt file. */
export interface SampleFields {
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
  readonly fields: SampleFields;
  /** Values that cannot be used. */
  readonly problems: readonly string[];
}

/** Options of a line and keys of an object. */
const lineOptions: OptionForms<keyof SampleFields> = new Map([
  ["w", ["width", "integer"]],
  ["h", ["height", "integer"]],
  ["d", ["seed", "seed"]],
  ["s", ["steps", "integer"]],
  ["l", ["scale", "decimal"]],
  ["n", ["negativePrompt", "text"]],
  ["ss", ["sampler", "text"]],
]);
const objectKeys: OptionForms<keyof SampleFields> = new Map([
  ["prompt", ["prompt", "text"]],
  ["negative_prompt", ["negativePrompt", "text"]],
  ["width", ["width", "integer"]],
  ["height", ["height", "integer"]],
  ["seed", ["seed", "seed"]],
  ["sample_steps", ["steps", "integer"]],
  ["scale", ["scale", "decimal"]],
  ["sample_sampler", ["sampler", "text"]],
]);

/** Options and keys of sd-scripts for other kinds of models. */
const ofOtherModels = {
  line: ["g", "cn", "ctr", "rcfg", "fs", "am"],
  object: ["guidance_scale", "controlnet_image", "cfg_trunc_ratio", "renorm_cfg", "flow_shift", "enum"],
};

/** Reads a line: "a photo of mycat --n blurry --w 640 --d 42".
 *  differs from sd-scripts: a sample prompt that itself begins with "n " or "s 1" is read as an option.
 *  coinage: the prompt is never read as an option.
 *  because: options begin with " --". */
export function fieldsOfLine(line: string): ReadFields {
  const { prompt, options } = readLine(line, lineOptions);
  const found = new Map<string, unknown>([["prompt", prompt]]);
  const problems: string[] = [];
  for (const { part, name, setting, value } of options) {
    if (ofOtherModels.line.includes(name)) continue;
    if (!setting) problems.push(`--${beginningOf(part)} is ignored: sample prompts have no such option.`);
    else if (value === undefined || Number.isNaN(value))
      problems.push(`--${beginningOf(part)} is ignored: it is not a number.`);
    else found.set(setting, value);
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
    else problems.push(`${key} is ignored: ${shown(value)} is not ${kind === "text" ? "text" : "a number"}.`);
  }
  if (!found.has("prompt")) problems.push("it has no prompt.");
  return { fields: Object.fromEntries(found), problems };
}

/** The beginning of a value, for messages. */
function shown(value: unknown): string {
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
  return beginningOf(typeof value === "string" ? JSON.stringify(value) : String(value));
}
