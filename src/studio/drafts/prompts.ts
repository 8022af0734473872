/** What a draft says of its prompts. */
interface DraftPrompts {
  readonly prompts: readonly string[];
  /** Width and height that its images are trained in, where they are known. */
  readonly trainedSize?: readonly [number, number] | undefined;
}

/** Seed of prompts that name none: the same at every step, so that the images can be compared. */
const usualSeed = 42;

/** The contents of the prompt file of a draft: a line each, none of them a comment. A prompt that does not say so is drawn with one seed, in the size that is trained,
 *  once that is known; the trainer's own answer is a new seed each time, in 512 pixels. */
export function promptLines({ prompts, trainedSize }: DraftPrompts): string {
  const lines = prompts.map((prompt) => prompt.replace(/\s+/g, " ").trim()).filter((line) => /^[^#]/.test(line));
  return lines.map((line) => `${line}${addedOptions(line, trainedSize)}\n`).join("");
}

function addedOptions(line: string, size: DraftPrompts["trainedSize"]): string {
  const isGiven = (option: string) => new RegExp(` --${option} `, "i").test(line);
  const sides = size && !isGiven("w") && !isGiven("h") ? ` --w ${size[0]} --h ${size[1]}` : "";
  return `${sides}${isGiven("d") ? "" : ` --d ${usualSeed}`}`;
}

/** A line of such a file as it was typed. */
export function typedPrompt(line: string): string {
  return line.trim().replace(new RegExp(`( --w \\d+ --h \\d+)? --d ${usualSeed}$`), "");
}
