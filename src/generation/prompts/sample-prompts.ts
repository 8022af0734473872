import path from "node:path";
import { parse } from "smol-toml";
import { numTrainTimesteps, type SamplerName, samplerName } from "../../diffusion/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { isDescriptorPath } from "../../files/index.ts";
import { isRecord } from "../../formats/json/index.ts";
import type { ModelFamily } from "../../models/index.ts";
import type { GenerationRequest } from "../../pipeline/index.ts";
import { chunkCount, expandPlaceholder, type PromptWords } from "../../tokenizer/index.ts";
import { readPromptFile, readText } from "./read.ts";
import { fieldsOfLine, fieldsOfObject, type ReadFields, type SampleFields } from "./sample-fields.ts";

export interface SamplePromptOptions {
  readonly family: ModelFamily;
  /** `--sample_sampler`, for prompts without a sampler. */
  readonly sampler?: string | undefined;
  readonly clipSkip?: number | undefined;
  /** Longest SDXL prompt in tokens; unset: 75. */
  readonly maxTokenLength?: number | null | undefined;
  /** Placeholder tokens; in prompts, the first stands for all. */
  readonly tokens: readonly string[];
  /** Spellings of the tokens in prompts. */
  readonly words?: PromptWords | undefined;
}

/** An image to generate, and its prompt as written, with one word for all placeholder tokens. */
export interface SampleRequest extends GenerationRequest {
  readonly written: string;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
}

interface SamplePrompts {
  /** One request per prompt, in the file's order. */
  readonly requests: readonly SampleRequest[];
  readonly warnings: readonly string[];
}

/** Reads the prompts of a training run's sample images: .txt, .toml or .json. Source: sd-scripts `library/train_util.py`, load_prompts.
 *  @throws FILE_NOT_FOUND, FILE_UNREADABLE, PROMPT_MISSING, PROMPT_INVALID */
export async function readSamplePrompts(file: string, options: SamplePromptOptions): Promise<SamplePrompts> {
  const read = await readFields(file);
  if (read.length === 0)
    throw new CoinageError("PROMPT_MISSING", `${path.resolve(file)} contains no prompt.`, {
      where: `--sample_prompts ${file}`,
    });
  return requestsOf(read, options, (number) => `--sample_prompts ${file}, prompt ${number}`);
}

/** The sample image of one line of a prompt file. @throws PROMPT_INVALID, PROMPT_MISSING */
export function parseSamplePrompt(line: string, where: string, options: SamplePromptOptions): SamplePrompts {
  const read = fieldsOfLine(line);
  if (!read.fields.prompt?.trim()) throw new CoinageError("PROMPT_MISSING", "The prompt is empty.", { where });
  return requestsOf([read], options, () => where);
}

/** whereIs: the place of a prompt, counted from 1. */
function requestsOf(
  read: readonly ReadFields[],
  options: SamplePromptOptions,
  whereIs: (number: number) => string,
): SamplePrompts {
  const warnings = read.flatMap(({ problems }, i) => problems.map((problem) => `Sample prompt ${i + 1}: ${problem}`));
  const requests = read.map(({ fields }, i) => {
    checkNumbers(fields, whereIs(i + 1));
    const { steps = 1 } = fields;
    if (steps > numTrainTimesteps)
      warnings.push(`Sample prompt ${i + 1}: ${numTrainTimesteps} steps are used, not ${steps}: models have no more.`);
    const asked = fields.sampler ?? options.sampler;
    const sampler = knownSampler(asked);
    if (asked !== undefined && sampler !== asked)
      warnings.push(`Sample prompt ${i + 1}: there is no sampler "${asked}" for sample images; ddim is used.`);
    return sampleRequest(fields, sampler, options);
  });
  return { requests, warnings };
}

async function readFields(file: string): Promise<ReadFields[]> {
  const where = `--sample_prompts ${file}`;
  const ending = isDescriptorPath(file) ? ".txt" : path.extname(file).toLowerCase();
  if (ending === ".txt") return (await readPromptFile(file, where)).map(({ text }) => fieldsOfLine(text));
  if (ending === ".toml") return fieldsOfToml(await readText(file, where), where);
  if (ending === ".json") return fieldsOfJson(await readText(file, where), where);
  throw new CoinageError("PROMPT_INVALID", `${path.basename(file)} is not a prompt file.`, {
    where,
    hint: "Sample prompts are read from .txt, .toml and .json files.",
  });
}

/** differs from sd-scripts: a key that stands both in [prompt] and in a [[prompt.subset]] ends the run with an error.
 *  coinage: the subset's value is used.
 *  because: what was meant is plain. */
function fieldsOfToml(text: string, where: string): ReadFields[] {
  const { prompt } = parsed(() => parse(text), where) as { prompt?: unknown };
  if (!isRecord(prompt) || !Array.isArray(prompt.subset))
    throw new CoinageError("PROMPT_INVALID", "The file has no [[prompt.subset]].", { where });
  const { subset, ...common } = prompt;
  return (subset as unknown[]).map((own) => fieldsOfObject({ ...common, ...(isRecord(own) ? own : {}) }));
}

function fieldsOfJson(text: string, where: string): ReadFields[] {
  const list = parsed(() => JSON.parse(text) as unknown, where);
  if (!Array.isArray(list))
    throw new CoinageError("PROMPT_INVALID", "The file is not a list of prompts.", {
      where,
      hint: 'Write ["a prompt --w 512", {"prompt": "another"}].',
    });
  return list.map((entry: unknown, i) => {
    if (typeof entry === "string") return fieldsOfLine(entry);
    if (isRecord(entry)) return fieldsOfObject(entry);
    throw new CoinageError("PROMPT_INVALID", `Entry ${i + 1} of the file is neither a text nor an object.`, { where });
  });
}

function parsed<Result>(parse: () => Result, where: string): Result {
  try {
    return parse();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CoinageError("PROMPT_INVALID", `The prompt file cannot be read: ${reason}`, { where, cause });
  }
}

/** sd-scripts' samplers for sample images. */
const sampleSamplers: readonly string[] = [
  ...["ddim", "pndm", "lms", "euler", "euler_a", "heun", "dpm_2", "dpm_2_a", "dpmsolver", "dpmsolver++", "dpmsingle"],
  ...["k_lms", "k_euler", "k_euler_a", "k_dpm_2", "k_dpm_2_a"],
];

function knownSampler(name: string | undefined): SamplerName {
  return name !== undefined && sampleSamplers.includes(name) ? samplerName(name) : "ddim";
}

/** @throws PROMPT_INVALID for unusable numbers */
function checkNumbers({ seed = 0, ...fields }: SampleFields, where: string): void {
  for (const [name, value] of Object.entries(fields))
    if (typeof value === "number" && !Number.isFinite(Math.fround(value)))
      throw new CoinageError("PROMPT_INVALID", `No image can be generated with ${name} ${value}.`, { where });
  if (Number.isSafeInteger(seed) && seed >= -1) return;
  throw new CoinageError("PROMPT_INVALID", `${seed} is not a seed.`, {
    where,
    hint: `A seed is a whole number from 0 to ${Number.MAX_SAFE_INTEGER}; -1 or no seed means a random one.`,
  });
}

const smallestSide = 64;

function sampleRequest(fields: SampleFields, sampler: SamplerName, options: SamplePromptOptions): SampleRequest {
  const { prompt = "", negativePrompt = "", width = 512, height = 512, seed, steps = 30, scale } = fields;
  const side = (asked: number) => Math.max(smallestSide, Math.floor(asked) - (Math.floor(asked) % 8));
  const { family, clipSkip, maxTokenLength, tokens, words } = options;
  // in any letter case, as in the generator's prompts
  const spelled = (text: string) =>
    words
      ?.parts(text)
      .map((part) => part.text)
      .join("") ?? text;
  return {
    compatibility: "preview",
    written: prompt.trim(),
    prompt: expandPlaceholder(spelled(prompt), tokens),
    negativePrompt: expandPlaceholder(spelled(negativePrompt), tokens),
    width: side(width),
    height: side(height),
    // -1 means a random seed, as elsewhere
    seed: seed === -1 ? undefined : seed,
    steps: Math.min(numTrainTimesteps, Math.max(1, Math.floor(steps))),
    guidanceScale: scale,
    sampler,
    clipSkip,
    maxEmbeddingsMultiples: family === "sdxl" ? chunkCount(maxTokenLength) : undefined,
  };
}
