import { arrayOf, bytesOf, type NdArray, typedArrayOn } from "../array/index.ts";
import { clipMerges } from "../assets/index.ts";
import type { StopSignal } from "../events/index.ts";
import { encodePng } from "../pictures/index.ts";
import { generateImages, type Pipeline, plainVocabulary, withEmbeddings } from "../pipeline/index.ts";
import { promptOf, type ReportData, type StripColumn } from "./data.ts";
import type { WordTables } from "./measure/drift.ts";
import type { Scene } from "./scene.ts";

type Strip = ReportData["strip"];

/** Sampling steps of an image. */
export const samplingSteps = 20;

/** Order of drawing, in case there is not time for all images. */
const order: readonly StripColumn["role"][] = ["last", "start", "best", "third"];

/** A strip with one more image. */
export interface Drawing {
  readonly strip: Strip;
  /** Images drawn so far; total: missing at first. */
  readonly done: number;
  readonly total: number;
}

export interface DrawingOptions {
  /** The word in prompts. */
  readonly word: string;
  readonly scene: Scene;
  /** The layers of a word with vectors for each layer (P+, XTI). */
  readonly layers?: readonly string[] | undefined;
  /** Whether there is time for another image, after `pictures` images that took `seconds` in all, with loading. */
  readonly hasTime?: (pictures: number, seconds: number) => boolean;
  readonly signal?: StopSignal | undefined;
}

/** Draws the missing images of a strip, the most important first, as long as there is time. Yields the strip after each. @throws as generateImages */
export async function* drawStrip(
  strip: Strip,
  pipeline: Pipeline,
  { word, scene, layers, hasTime = () => true, signal }: DrawingOptions,
): AsyncGenerator<Drawing> {
  const missing = missingPictures(strip);
  const vocabulary = plainVocabulary(pipeline.model.family, await clipMerges());
  const began = performance.now();
  let current = strip;
  for (const [done, { column, row }] of missing.entries()) {
    if (signal?.aborted || !hasTime(done, (performance.now() - began) / 1000)) return;
    const { vectors, text } = strip.columns[column]!;
    const embedding = vectors && { name: word, vectors: decodeTables(vectors), layers };
    const prompt = strip.prompts[row]!;
    const request = {
      prompt: promptOf(prompt, text ?? word),
      seed: prompt.seed,
      width: strip.width,
      height: strip.height,
      clipSkip: strip.clipSkip,
      steps: samplingSteps,
      guidanceScale: scene.guidanceScale,
    };
    const words = embedding ? withEmbeddings(vocabulary, [embedding]) : vocabulary;
    for await (const event of generateImages(request, { ...pipeline, vocabulary: words })) {
      if (signal?.aborted) return;
      if (event.kind !== "image") continue;
      current = withPicture(current, column, row, Buffer.from(await encodePng(event.picture)).toString("base64"));
    }
    yield { strip: current, done: done + 1, total: missing.length };
  }
}

/** The missing images of a strip in drawing order, those of the vectors in the file first. */
export function missingPictures({ columns, prompts }: Strip): { readonly column: number; readonly row: number }[] {
  const kept = columns.findIndex(({ isKept }) => isKept);
  const inOrder = order.flatMap((role) => columns.flatMap((column, i) => (column.role === role ? i : [])));
  return [...new Set(kept < 0 ? inOrder : [kept, ...inOrder])]
    .flatMap((column) => prompts.map((_, row) => ({ column, row })))
    .filter(({ column, row }) => isDrawable(columns[column]!) && columns[column]!.pictures[row] === null);
}

function isDrawable({ vectors, text }: StripColumn): boolean {
  return vectors !== undefined || text !== undefined;
}

function withPicture(strip: Strip, column: number, row: number, picture: string): Strip {
  const pictures = strip.columns[column]!.pictures.map((known, i) => (i === row ? picture : known));
  return { ...strip, columns: strip.columns.map((one, i) => (i === column ? { ...one, pictures } : one)) };
}

type EncodedTables = NonNullable<StripColumn["vectors"]>;

/** Tables [vectors, width] as text. */
export function encodeTables(tables: WordTables): EncodedTables {
  return tables.map(({ shape, data }) => ({
    shape: [shape[0]!, shape[1]!],
    data: Buffer.from(bytesOf(data)).toString("base64"),
  }));
}

/** @throws SHAPE if numbers are missing */
export function decodeTables(tables: EncodedTables): NdArray<Float32Array>[] {
  return tables.map(({ shape, data }) =>
    arrayOf(shape, typedArrayOn("float32", Buffer.from(data, "base64")) as Float32Array),
  );
}
