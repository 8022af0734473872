import { Budget, requireWithin } from "../../budget/index.ts";
import { CoinageError, firstFew } from "../../errors/index.ts";
import type { Size } from "../../pictures/index.ts";
import { PythonRandom } from "../../random/index.ts";
import { type PromptWords, parsePromptWeights } from "../../tokenizer/index.ts";
import { refuseRegions } from "../condition.ts";
import { sizeFrom } from "../image-to-image.ts";
import { inPlace } from "../place.ts";
import type { PictureOrder, Sampling } from "../request.ts";
import { expandChoices, textBudget } from "./dynamic.ts";
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
  /** The learned words that prompts may use. */
  readonly words?: PromptWords | undefined;
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
 *  @throws SETTINGS_CONFLICT for more pictures than can be planned; PROMPT_INVALID, PROMPT_UNSUPPORTED, PROMPT_WEIGHT_INVALID, each with the line's place */
export function planRun(prompts: readonly WrittenPrompt[], settings: PlanSettings): Plan {
  const { seed, iterations, imagesPerPrompt, iterSameSeed, shufflesPrompts, batchSize } = settings;
  requireWithin("pictures", batchSize, { ...tooManyPictures, subject: "A batch", where: "--batch_size" });
  requireWithin("pictures", iterations * prompts.length * imagesPerPrompt, tooManyPictures);
  const nextSeed = seedSource(seed, iterations * prompts.length * imagesPerPrompt);
  // differs from sd-scripts: the order follows from the seed too; there it is another one every time
  const shuffler = new PythonRandom(seed);
  const order = [...prompts];
  const planning = new Planning(settings, nextSeed);
  const batches: PlannedBatch[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (shufflesPrompts) shuffler.shuffle(order);
    const iterationSeed = iterSameSeed ? nextSeed() : undefined;
    const pictures: PlannedPicture[] = [];
    for (const prompt of order)
      for (const picture of planning.plan(prompt, pictures.length, iterationSeed)) pictures.push(picture);
    for (const batch of planning.batchesOf(pictures, 0)) batches.push(batch);
  }
  return { batches, warnings: planning.warnings };
}

const tooManyPictures = {
  code: "SETTINGS_CONFLICT",
  subject: "The run",
  where: "--n_iter, --images_per_prompt",
  hint: "Draw them in several runs.",
} as const;

/** Plans prompts that come in one after another: seeds and numbers go on from one to the next.
 *  @throws as planRun */
export function promptPlanner(settings: PlanSettings): (prompt: WrittenPrompt) => Plan {
  requireWithin("pictures", settings.imagesPerPrompt, tooManyPictures);
  const nextSeed = seedSource(settings.seed, Number.POSITIVE_INFINITY);
  const iterationSeed = settings.iterSameSeed ? nextSeed() : undefined;
  let firstNumber = 0;
  return (prompt) => {
    const planning = new Planning(settings, nextSeed);
    const pictures = planning.plan(prompt, firstNumber, iterationSeed);
    const batches = planning.batchesOf(pictures, firstNumber);
    firstNumber += pictures.length;
    return { batches, warnings: planning.warnings };
  };
}

/** What lines that are planned together share. */
class Planning {
  readonly #settings: PlanSettings;
  readonly #nextSeed: SeedSource;
  /** What is to be said, with the places it is said of. */
  readonly #warnings = new Map<string, Set<string>>();
  readonly #characters = textBudget();
  readonly #pictures = new Budget("pictures", tooManyPictures);
  /** Pictures of equal sampling share it, so that they can be told by it, and to save memory. */
  readonly #samplings = new Map<string, Sampling>();

  constructor(settings: PlanSettings, nextSeed: SeedSource) {
    this.#settings = settings;
    this.#nextSeed = nextSeed;
  }

  /** The pictures of one line. firstNumber: of the first of them in its iteration. */
  plan(
    { text, place }: WrittenPrompt,
    firstNumber: number,
    iterationSeed: number | undefined,
  ): readonly PlannedPicture[] {
    const { imagesPerPrompt, sources, masks, words, sampling } = this.#settings;
    const taken = takeSeeds(text);
    if (!taken)
      throw new CoinageError("PROMPT_INVALID", "The seeds of --d are no list of whole numbers.", {
        where: place,
        hint: "Write them with commas and nothing else: --d 1,2,3",
      });
    const options = { givenSeeds: taken.seeds, words, budget: this.#characters };
    const choices = inPlace(place, () => expandChoices(taken.line, imagesPerPrompt, this.#nextSeed, options));
    const given = choices.seeds ?? taken.seeds;
    const timesEach = choices.seeds ? 1 : imagesPerPrompt;
    this.#pictures.spend(choices.lines.length * timesEach);
    const pictures: PlannedPicture[] = [];
    const lineOf = memo((rawPrompt: string) => this.#parsed(rawPrompt, place));
    for (const rawPrompt of choices.lines) {
      const line = lineOf(rawPrompt);
      const { fileName, clipPrompt, negativePrompt = "" } = line.options;
      const samplingFrom = memo((source: SourceFile | undefined) =>
        this.#shared(samplingOfLine(line, sampling, source)),
      );
      for (let i = 0; i < timesEach; i++) {
        const index = pictures.length;
        const number = firstNumber + index;
        const seed = given ? (given[index] ?? given.at(-1)!) : (iterationSeed ?? this.#nextSeed());
        const source = sources[number % sources.length];
        pictures.push({
          order: { prompt: line.prompt, negativePrompt, seed },
          sampling: samplingFrom(source),
          source,
          mask: masks[number % masks.length],
          rawPrompt,
          clipPrompt,
          fileName: i === 0 ? fileName : undefined,
          place,
        });
      }
    }
    return pictures;
  }

  #parsed(rawPrompt: string, place: string): PromptLine {
    const line = parsePromptLine(rawPrompt);
    checkLine(line, place, this.#settings.words);
    const malformed = line.malformed.map((part) => `--${part} is ignored: it is no number.`);
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

  /** Neighbours that share everything but texts and seeds are drawn together, up to the batch size. first: number of the first picture. */
  batchesOf(pictures: readonly PlannedPicture[], first: number): PlannedBatch[] {
    const batches: (PlannedBatch & { readonly pictures: PlannedPicture[] })[] = [];
    pictures.forEach((picture, index) => {
      const { sampling } = picture;
      const last = batches.at(-1);
      if (last?.sampling === sampling && last.pictures.length < this.#settings.batchSize) last.pictures.push(picture);
      else batches.push({ firstNumber: first + index, sampling, pictures: [picture] });
    });
    return batches;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings].map(([message, places]) => `${firstFew([...places], 1)}: ${message}`);
  }
}

/** The function with a memory of what it gave for each key. */
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

function checkLine(
  { prompt, options: { negativePrompt, fileName }, unsupported }: PromptLine,
  place: string,
  words: PromptWords | undefined,
): void {
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
    refuseRegions(prompt, words);
    for (const text of [prompt, negativePrompt])
      if (text) parsePromptWeights(text, { knowsBreak: true, ...(words && { words }) });
  });
}

/** A plain name in the output folder, with an ending we can write or none. */
function isSafeFileName(name: string): boolean {
  return /^[^/\\:\0]+$/.test(name) && !name.startsWith(".") && /(^[^.]+|\.png|\.webp)$/i.test(name);
}
