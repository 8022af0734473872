import { Budget, requireWithin } from "../../budget/index.ts";
import { atPlace, CoinageError, firstFew } from "../../errors/index.ts";
import type { Size } from "../../pictures/index.ts";
import {
  type ImageRequest,
  initImageSize,
  refuseRegions,
  type Sampling,
  type SeedSource,
  seedSource,
} from "../../pipeline/index.ts";
import { PythonRandom } from "../../random/index.ts";
import { type PromptWords, parsePromptWeights } from "../../tokenizer/index.ts";
import { expandChoices, textBudget } from "./dynamic.ts";
import { type PromptLine, parsePromptLine, takeSeeds } from "./line.ts";

/** A prompt with options, as written. */
export interface WrittenPrompt {
  readonly text: string;
  /** "--prompt", or "prompts.txt, line 3". */
  readonly place: string;
}

/** The file of an init image, or of a mask. */
export interface ImageFile {
  readonly path: string;
  /** Size of use, before sides are rounded down. */
  readonly size: Size;
}

export interface PlanSettings {
  /** Sampling unless a line overrides it. */
  readonly sampling: Sampling;
  readonly seed: number | undefined;
  readonly imagesPerPrompt: number;
  readonly iterations: number;
  readonly batchSize: number;
  readonly shufflesPrompts: boolean;
  readonly iterSameSeed: boolean;
  /** Used in turn, repeatedly; none: text to image. */
  readonly initImages: readonly ImageFile[];
  /** Masks, also used in turn. */
  readonly masks: readonly ImageFile[];
  /** The learned words that prompts may use. */
  readonly words?: PromptWords | undefined;
}

export interface PlannedImage {
  readonly image: Omit<ImageRequest, "init">;
  readonly sampling: Sampling;
  readonly initImage: ImageFile | undefined;
  readonly mask: ImageFile | undefined;
  /** The line with its choices made. */
  readonly rawPrompt: string;
  readonly clipPrompt: string | undefined;
  readonly fileName: string | undefined;
  readonly place: string;
}

export interface PlannedBatch {
  /** Number of the first image in its iteration, from 0. */
  readonly firstNumber: number;
  readonly sampling: Sampling;
  readonly images: readonly PlannedImage[];
}

export interface ImagePlan {
  readonly batches: readonly PlannedBatch[];
  readonly warnings: readonly string[];
}

/** All images of a run in order, with their seeds. Planned before generation, so that a mistake in the last line is found first.
 *  @throws SETTINGS_CONFLICT for more images than can be planned; PROMPT_INVALID, PROMPT_UNSUPPORTED, PROMPT_WEIGHT_INVALID, each with the line's place */
export function planImages(prompts: readonly WrittenPrompt[], settings: PlanSettings): ImagePlan {
  const { seed, iterations, imagesPerPrompt, iterSameSeed, shufflesPrompts, batchSize } = settings;
  requireWithin("images", batchSize, { ...tooManyImages, subject: "A batch", where: "--batch_size" });
  requireWithin("images", iterations * prompts.length * imagesPerPrompt, tooManyImages);
  const nextSeed = seedSource(seed, iterations * prompts.length * imagesPerPrompt);
  // differs from sd-scripts: with --shuffle_prompts, the order of the prompts is another one in every run.
  // coinage: the order follows from the seed.
  // because: a run is to be the same again with the same seed.
  const shuffler = new PythonRandom(seed);
  const order = [...prompts];
  const planning = new Planning(settings, nextSeed);
  const batches: PlannedBatch[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (shufflesPrompts) shuffler.shuffle(order);
    const iterationSeed = iterSameSeed ? nextSeed() : undefined;
    const images: PlannedImage[] = [];
    for (const prompt of order)
      for (const image of planning.plan(prompt, images.length, iterationSeed)) images.push(image);
    for (const batch of planning.batchesOf(images, 0)) batches.push(batch);
  }
  return { batches, warnings: planning.warnings };
}

const tooManyImages = {
  code: "SETTINGS_CONFLICT",
  subject: "The run",
  where: "--n_iter, --images_per_prompt",
  hint: "Generate them in several runs.",
} as const;

/** Plans prompts that arrive one by one: seeds and numbers continue from one to the next.
 *  @throws as planImages */
export function imagePlanner(settings: PlanSettings): (prompt: WrittenPrompt) => ImagePlan {
  requireWithin("images", settings.imagesPerPrompt, tooManyImages);
  const nextSeed = seedSource(settings.seed, Number.POSITIVE_INFINITY);
  const iterationSeed = settings.iterSameSeed ? nextSeed() : undefined;
  let firstNumber = 0;
  return (prompt) => {
    const planning = new Planning(settings, nextSeed);
    const images = planning.plan(prompt, firstNumber, iterationSeed);
    const batches = planning.batchesOf(images, firstNumber);
    firstNumber += images.length;
    return { batches, warnings: planning.warnings };
  };
}

/** State shared by lines that are planned together. */
class Planning {
  readonly #settings: PlanSettings;
  readonly #nextSeed: SeedSource;
  /** Warnings with their places. */
  readonly #warnings = new Map<string, Set<string>>();
  readonly #characters = textBudget();
  readonly #images = new Budget("images", tooManyImages);
  /** Images with equal sampling share the object: batches are formed by identity, and it saves memory. */
  readonly #samplings = new Map<string, Sampling>();

  constructor(settings: PlanSettings, nextSeed: SeedSource) {
    this.#settings = settings;
    this.#nextSeed = nextSeed;
  }

  /** The images of one line. firstNumber: number of the first in its iteration. */
  plan(
    { text, place }: WrittenPrompt,
    firstNumber: number,
    iterationSeed: number | undefined,
  ): readonly PlannedImage[] {
    const { imagesPerPrompt, initImages, masks, words, sampling } = this.#settings;
    const taken = takeSeeds(text);
    if (!taken)
      throw new CoinageError("PROMPT_INVALID", "The seeds of --d are not a list of whole numbers.", {
        where: place,
        hint: "Separate them with commas only: --d 1,2,3",
      });
    const options = { givenSeeds: taken.seeds, words, budget: this.#characters };
    const choices = atPlace(place, () => expandChoices(taken.line, imagesPerPrompt, this.#nextSeed, options));
    const given = choices.seeds ?? taken.seeds;
    const timesEach = choices.seeds ? 1 : imagesPerPrompt;
    this.#images.spend(choices.lines.length * timesEach);
    const images: PlannedImage[] = [];
    const lineOf = memo((rawPrompt: string) => this.#parsed(rawPrompt, place));
    for (const rawPrompt of choices.lines) {
      const line = lineOf(rawPrompt);
      const { fileName, clipPrompt, negativePrompt = "" } = line.options;
      const samplingFrom = memo((init: ImageFile | undefined) => this.#shared(samplingOfLine(line, sampling, init)));
      for (let i = 0; i < timesEach; i++) {
        const index = images.length;
        const number = firstNumber + index;
        const seed = given ? (given[index] ?? given.at(-1)!) : (iterationSeed ?? this.#nextSeed());
        const initImage = initImages[number % initImages.length];
        images.push({
          image: { prompt: line.prompt, negativePrompt, seed },
          sampling: samplingFrom(initImage),
          initImage,
          mask: masks[number % masks.length],
          rawPrompt,
          clipPrompt,
          fileName: i === 0 ? fileName : undefined,
          place,
        });
      }
    }
    return images;
  }

  #parsed(rawPrompt: string, place: string): PromptLine {
    const line = parsePromptLine(rawPrompt);
    checkLine(line, place, this.#settings.words);
    const malformed = line.malformed.map((part) => `--${part} is ignored: it is not a number.`);
    for (const message of [...malformed, ...line.ignored])
      this.#warnings.set(message, (this.#warnings.get(message) ?? new Set()).add(place));
    return line;
  }

  #shared(sampling: Sampling): Sampling {
    const key = JSON.stringify(sampling);
    const known = this.#samplings.get(key);
    if (!known) this.#samplings.set(key, sampling);
    return known ?? sampling;
  }

  /** Batches of consecutive images that differ only in texts and seeds, up to the batch size. first: number of the first image. */
  batchesOf(images: readonly PlannedImage[], first: number): PlannedBatch[] {
    const batches: (PlannedBatch & { readonly images: PlannedImage[] })[] = [];
    images.forEach((image, index) => {
      const { sampling } = image;
      const last = batches.at(-1);
      if (last?.sampling === sampling && last.images.length < this.#settings.batchSize) last.images.push(image);
      else batches.push({ firstNumber: first + index, sampling, images: [image] });
    });
    return batches;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings].map(([message, places]) => `${firstFew([...places], 1)}: ${message}`);
  }
}

/** The function with its results cached by key. */
function memo<Key, Value extends object>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}

function samplingOfLine(
  { options, sizeConditions }: PromptLine,
  sampling: Sampling,
  init: ImageFile | undefined,
): Sampling {
  const { steps, guidanceScale, strength, negativeScale, ...said } = { ...sampling, ...options };
  const [width, height] =
    init && !sampling.highres
      ? initImageSize({ width: init.size[0], height: init.size[1] })
      : [said.width, said.height];
  return {
    ...sampling,
    ...{ width, height, steps, guidanceScale, strength },
    negativeScale: negativeScale ?? undefined,
    sizeConditions: { ...sampling.sizeConditions, ...sizeConditions },
  };
}

function checkLine(
  { prompt, options: { negativePrompt, fileName }, unsupported }: PromptLine,
  place: string,
  words: PromptWords | undefined,
): void {
  const [option] = unsupported;
  if (option)
    throw new CoinageError("PROMPT_UNSUPPORTED", `The option --${option} in a prompt is not supported yet.`, {
      where: place,
      hint: "Remove it from the line.",
    });
  if (fileName !== undefined && !isSafeFileName(fileName))
    throw new CoinageError("PROMPT_INVALID", `--f ${fileName}: images are written into the output folder only.`, {
      where: place,
      hint: "Give a file name ending in .png or .webp, without a folder.",
    });
  atPlace(place, () => {
    refuseRegions(prompt, words);
    for (const text of [prompt, negativePrompt])
      if (text) parsePromptWeights(text, { knowsBreak: true, ...(words && { words }) });
  });
}

/** Whether a name is a plain file name, without extension or with one that can be written. */
function isSafeFileName(name: string): boolean {
  return /^[^/\\:\0]+$/.test(name) && !name.startsWith(".") && /(^[^.]+|\.png|\.webp)$/i.test(name);
}
