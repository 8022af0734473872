/** The prompts of a draft. */
interface DraftPrompts {
  readonly prompts: readonly string[];
  /** Width and height that its images are trained in, if known. */
  readonly trainedSize?: readonly [number, number] | undefined;
}

/** Seed of prompts without one: the same at every step, so that the images can be compared. */
const usualSeed = 42;

/** The prompt file of a draft: one prompt per line, without comments. Prompts without a seed or size get the usual seed and the trained size,
 *  once known; the trainer itself would draw a new seed each time, in 512 pixels. */
export function promptLines({ prompts, trainedSize }: DraftPrompts): string {
  const lines = prompts.map((prompt) => prompt.replace(/\s+/g, " ").trim()).filter((line) => /^[^#]/.test(line));
  return lines.map((line) => `${line}${addedOptions(line, trainedSize)}\n`).join("");
}

function addedOptions(line: string, size: DraftPrompts["trainedSize"]): string {
  const isGiven = (option: string) => new RegExp(` --${option} `, "i").test(line);
  const sides = size && !isGiven("w") && !isGiven("h") ? ` --w ${size[0]} --h ${size[1]}` : "";
  return `${sides}${isGiven("d") ? "" : ` --d ${usualSeed}`}`;
}

/** A line of the prompt file without the options that were added. */
export function typedPrompt(line: string): string {
  return line.trim().replace(new RegExp(`( --w \\d+ --h \\d+)? --d ${usualSeed}$`), "");
}
