import { CoinageError } from "../../errors/index.ts";
import type { Size } from "../../pictures/index.ts";
import { PythonRandom } from "../../random/index.ts";
import { parsePromptWeights } from "../../tokenizer/index.ts";
import { refuseRegions } from "../condition.ts";
import { sizeFrom } from "../image-to-image.ts";
import { inPlace } from "../place.ts";
import type { PictureOrder, Sampling } from "../request.ts";
import { expandChoices } from "./dynamic.ts";
import { type PromptLine, parsePromptLine, takeSeeds } from "./line.ts";
import { type SeedSource, seedSource } from "./seeds.ts";

/** A prompt with options as someone wrote it. */
export interface WrittenPrompt {
  readonly text: string;
  /** "--prompt", or "prompts.txt, line 3". */
  readonly place: string;
}

/** A picture file to start from, or a mask. */
export interface SourceFile {
  readonly path: string;
  /** As it will be used, before sides are rounded down. */
  readonly size: Size;
}

export interface PlanSettings {
  /** What lines do not say otherwise. */
  readonly sampling: Sampling;
  readonly seed: number | undefined;
  readonly imagesPerPrompt: number;
  readonly iterations: number;
  readonly batchSize: number;
  readonly shufflesPrompts: boolean;
  readonly iterSameSeed: boolean;
  /** Used in turn, over and over; none: from noise. */
  readonly sources: readonly SourceFile[];
  /** Masks, used in turn too. */
  readonly masks: readonly SourceFile[];
}

export interface PlannedPicture {
  readonly order: Omit<PictureOrder, "source">;
  readonly sampling: Sampling;
  readonly source: SourceFile | undefined;
  readonly mask: SourceFile | undefined;
  /** The line as it was drawn, choices made. */
  readonly rawPrompt: string;
  readonly clipPrompt: string | undefined;
  readonly fileName: string | undefined;
  readonly place: string;
}

export interface PlannedBatch {
  /** Number of the first picture in its iteration, from 0. */
  readonly firstNumber: number;
  readonly sampling: Sampling;
  readonly pictures: readonly PlannedPicture[];
}

export interface Plan {
  readonly batches: readonly PlannedBatch[];
  readonly warnings: readonly string[];
}

/** All pictures of a run in the order they are drawn, with their seeds. Nothing is drawn yet, so a mistake in the last line is found first.
 *  @throws PROMPT_INVALID, PROMPT_UNSUPPORTED, PROMPT_WEIGHT_INVALID, each with the line's place */
export function planRun(prompts: readonly WrittenPrompt[], settings: PlanSettings): Plan {
  const { seed, iterations, imagesPerPrompt, iterSameSeed, shufflesPrompts, batchSize } = settings;
  const nextSeed = seedSource(seed, iterations * prompts.length * imagesPerPrompt);
  // differs from sd-scripts: the order follows from the seed too; there it is another one every time
  const shuffler = new PythonRandom(seed);
  const order = [...prompts];
  const warnings = new Set<string>();
  const batches: PlannedBatch[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (shufflesPrompts) shuffler.shuffle(order);
    const iterationSeed = iterSameSeed ? nextSeed() : undefined;
    const pictures: PlannedPicture[] = [];
    for (const prompt of order)
      pictures.push(...planPrompt(prompt, pictures.length, settings, nextSeed, iterationSeed, warnings));
    batches.push(...batchesOf(pictures, 0, batchSize));
  }
  return { batches, warnings: [...warnings] };
}

/** Plans prompts that come in one after another: seeds and numbers go on from one to the next.
 *  @throws as planRun */
export function promptPlanner(settings: PlanSettings): (prompt: WrittenPrompt) => Plan {
  const nextSeed = seedSource(settings.seed, Number.POSITIVE_INFINITY);
  const iterationSeed = settings.iterSameSeed ? nextSeed() : undefined;
  let firstNumber = 0;
  return (prompt) => {
    const warnings = new Set<string>();
    const pictures = planPrompt(prompt, firstNumber, settings, nextSeed, iterationSeed, warnings);
    const batches = batchesOf(pictures, firstNumber, settings.batchSize);
    firstNumber += pictures.length;
    return { batches, warnings: [...warnings] };
  };
}

/** The pictures of one line. firstNumber: of the first of them in its iteration. */
function planPrompt(
  { text, place }: WrittenPrompt,
  firstNumber: number,
  settings: PlanSettings,
  nextSeed: SeedSource,
  iterationSeed: number | undefined,
  warnings: Set<string>,
): PlannedPicture[] {
  const { imagesPerPrompt, sources, masks } = settings;
  const taken = takeSeeds(text);
  if (!taken)
    throw new CoinageError("PROMPT_INVALID", "The seeds of --d are no list of whole numbers.", {
      where: place,
      hint: "Write them with commas and nothing else: --d 1,2,3",
    });
  const { lines, seeds: chosenSeeds } = inPlace(place, () =>
    expandChoices(taken.line, imagesPerPrompt, nextSeed, taken.seeds),
  );
  const given = chosenSeeds ?? taken.seeds;
  const pictures: PlannedPicture[] = [];
  for (const rawPrompt of lines) {
    const line = parsePromptLine(rawPrompt);
    checkLine(line, place);
    for (const part of line.malformed) warnings.add(`${place}: the option --${part} is passed over: it is no number.`);
    for (let i = 0; i < (chosenSeeds ? 1 : imagesPerPrompt); i++) {
      const index = pictures.length;
      const number = firstNumber + index;
      const seed = given ? (given[index] ?? given.at(-1)!) : (iterationSeed ?? nextSeed());
      const source = sources[number % sources.length];
      pictures.push({
        order: { prompt: line.prompt, negativePrompt: line.options.negativePrompt ?? "", seed },
        sampling: samplingOfLine(line, settings.sampling, source),
        source,
        mask: masks[number % masks.length],
        rawPrompt,
        clipPrompt: line.options.clipPrompt,
        fileName: i === 0 ? line.options.fileName : undefined,
        place,
      });
    }
  }
  return pictures;
}

function samplingOfLine(
  { options, sizeConditions }: PromptLine,
  sampling: Sampling,
  source: SourceFile | undefined,
): Sampling {
  const { steps, guidanceScale, strength, negativeScale, ...said } = { ...sampling, ...options };
  const [width, height] =
    source && !sampling.highres
      ? sizeFrom({ width: source.size[0], height: source.size[1] })
      : [said.width, said.height];
  return {
    ...sampling,
    ...{ width, height, steps, guidanceScale, strength },
    negativeScale: negativeScale ?? undefined,
    sizeConditions: { ...sampling.sizeConditions, ...sizeConditions },
  };
}

function checkLine({ prompt, options: { negativePrompt, fileName }, unsupported }: PromptLine, place: string): void {
  const [option] = unsupported;
  if (option)
    throw new CoinageError("PROMPT_UNSUPPORTED", `The option --${option} in a prompt asks for what is not there yet.`, {
      where: place,
      hint: "Take it out of the line.",
    });
  if (fileName !== undefined && !isSafeFileName(fileName))
    throw new CoinageError("PROMPT_INVALID", `--f ${fileName}: pictures are written into the output folder only.`, {
      where: place,
      hint: "Give a file name ending in .png or .webp, without a folder.",
    });
  inPlace(place, () => {
    refuseRegions(prompt);
    for (const text of [prompt, negativePrompt]) if (text) parsePromptWeights(text, { knowsBreak: true });
  });
}

/** A plain name in the output folder, with an ending we can write or none. */
function isSafeFileName(name: string): boolean {
  return /^[^/\\:\0]+$/.test(name) && !name.startsWith(".") && /(^[^.]+|\.png|\.webp)$/i.test(name);
}

/** Neighbours that share everything but texts and seeds are drawn together, up to the batch size. first: number of the first picture. */
function batchesOf(pictures: readonly PlannedPicture[], first: number, batchSize: number): PlannedBatch[] {
  const batches: (PlannedBatch & { readonly pictures: PlannedPicture[] })[] = [];
  let lastKey = "";
  pictures.forEach((picture, index) => {
    const { sampling } = picture;
    const key = JSON.stringify(sampling);
    const last = batches.at(-1);
    if (last && key === lastKey && last.pictures.length < batchSize) last.pictures.push(picture);
    else batches.push({ firstNumber: first + index, sampling, pictures: [picture] });
    lastKey = key;
  });
  return batches;
}
