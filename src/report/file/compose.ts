import { readdir } from "node:fs/promises";
import path from "node:path";
import { type NdArray, type StoredArray, toFloat32 } from "../../array/index.ts";
import { version } from "../../assets/index.ts";
import { type Checkpoint, fingerprint, tokenRows, tokenTables } from "../../checkpoint/index.ts";
import {
  type EmbeddingFile,
  embeddingForModel,
  type LearnedEmbedding,
  readEmbeddingFile,
  vectorCount,
} from "../../embedding/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { digestOf, readEarlierFile } from "../../files/index.ts";
import { type DiffusionModel, xtiLayers } from "../../models/index.ts";
import { callableName, embeddingTarget } from "../../pipeline/index.ts";
import { initialVectors, placeholderTokens, type Tokenizer } from "../../tokenizer/index.ts";
import { type ReportData, reportFormat, type StripColumn } from "../data.ts";
import { encodeTables } from "../draw.ts";
import { describeVectors } from "../measure/describe.ts";
import type { WordTables } from "../measure/drift.ts";
import { sceneOf } from "../scene.ts";
import { generateWords } from "../usage.ts";
import { judged } from "../verdict.ts";
import type { KnownFromEvents } from "./events.ts";

/** An embedding file without report, and the inputs to make one. */
export interface UnreportedFile {
  readonly embedding: string;
  readonly checkpoint: Checkpoint;
  readonly model: DiffusionModel;
  /** The model as given. */
  readonly source: string;
  readonly vae: string | undefined;
  /** Without learned words, one per text encoder. */
  readonly tokenizers: readonly Tokenizer[];
  /** Words to name as neighbours, by id. */
  readonly words: ReadonlyMap<number, string>;
  readonly events: KnownFromEvents | undefined;
  readonly initWord: string | undefined;
  readonly isStyle: boolean;
  /** Size of images: [width, height]. */
  readonly resolution: readonly [number, number] | undefined;
  readonly clipSkip: number | undefined;
}

/** A report from an embedding file, its model and its run's events. @throws the EMBEDDING codes */
export async function composeFromFile(file: UnreportedFile): Promise<ReportData> {
  const { embedding, checkpoint, model, source, vae, tokenizers, events, isStyle } = file;
  const read = await readEmbeddingFile(embedding, tokenizers.length === 1 ? "first" : "refuse");
  const { tables, layers, count } = await wordIn(read, model);
  const isTaken = (token: string) => tokenizers[0]!.idOf(token) !== undefined;
  const word = callableName(read.name, count, isTaken);
  const tokens = placeholderTokens(word, count);
  const stored = tokenTables(checkpoint);
  const initWord = file.initWord ?? events?.initWord;
  const start = initWord === undefined ? undefined : startOf(initWord, count, stored, tokenizers, layers?.length ?? 1);
  const described = describeVectors({ tables, start, tokens, layers }, stored, file.words);
  const { side, stripPrompts } = sceneOf(model, isStyle);
  const [width, height] =
    file.resolution ??
    (side === undefined ? undefined : [side, side]) ??
    resolutionIn(read) ??
    usualSize(model, checkpoint);
  const bytes = await readEarlierFile(embedding);
  const run = events?.run;
  const step = run?.steps ?? read.step;
  return judged({
    format: reportFormat,
    date: new Date().toISOString(),
    versions: { coinage: await version(), Node: process.version },
    word,
    tokens,
    initWord,
    embedding: {
      file: path.basename(embedding),
      sha256: bytes && digestOf(bytes),
      layers,
    },
    model: {
      source,
      vae,
      family: model.family,
      predictionType: checkpoint.predictionType.value,
      hashes: hashesOf(checkpoint),
    },
    run,
    settings: Object.entries(read.metadata).filter(([key]) => !key.endsWith("thumbnail")),
    ...described,
    curves: events?.curves ?? { steps: [], loss: [], norms: [], angles: [], distances: [] },
    evaluations: events?.evaluations ?? [],
    strip: {
      prompts: stripPrompts.map((template, i) => ({ template, seed: i + 1 })),
      width,
      height,
      clipSkip: file.clipSkip,
      columns: [
        ...(initWord === undefined ? [] : [column(`start, “${initWord}”`, "start", { text: initWord })]),
        ...(await savedColumns(read, model)),
        column(step === undefined ? "last" : `last, step ${step}`, "last", { vectors: encodeTables(tables), step }),
      ],
    },
    commands: {
      generate: generateWords({
        ...{ model: source, vae, family: model.family, file: embedding, word, isStyle },
        isLayered: layers !== undefined,
        clipSkip: file.clipSkip,
        resolution: [width, height],
      }),
      draw: ["report", embedding],
    },
    warnings: read.warnings.map((message) => ({ code: "EMBEDDING", message, count: 1 })),
  });
}

/** Fingerprints of a model's components, by display name. */
export function hashesOf({ unet, vae, textEncoder, textEncoder2 }: Checkpoint): Record<string, string> {
  return {
    "U-Net": fingerprint(unet),
    VAE: fingerprint(vae),
    "text encoder": fingerprint(textEncoder),
    ...(textEncoder2 && { "text encoder 2": fingerprint(textEncoder2) }),
  };
}

interface Word {
  readonly tables: readonly NdArray<Float32Array>[];
  readonly layers: readonly string[] | undefined;
  /** Number of vectors of the word in a prompt. */
  readonly count: number;
}

/** The word of a file, for this model. @throws EMBEDDING_FAMILY, EMBEDDING_WIDTH, EMBEDDING_LAYERS, EMBEDDING_UNSUPPORTED */
async function wordIn(file: EmbeddingFile, model: DiffusionModel): Promise<Word> {
  const target = embeddingTarget(model);
  const isLayered = file.layout === "xti";
  const learned: LearnedEmbedding = embeddingForModel(
    file,
    isLayered ? { ...target, layers: xtiLayers(model, file.path) } : target,
  );
  return { tables: learned.vectors.map(toFloat32), layers: learned.layers, count: vectorCount(learned) };
}

/** The start vectors from an init word, repeated for each layer. */
function startOf(
  text: string,
  count: number,
  stored: readonly StoredArray[],
  tokenizers: readonly Tokenizer[],
  layers: number,
): WordTables {
  const { ids } = initialVectors(tokenizers[0]!, text, count);
  const repeated = Array.from({ length: layers }, () => ids).flat();
  return stored.map((table) => tokenRows(table, repeated));
}

/** Columns for the run's step saves nearest to a third and two thirds of the last one. */
async function savedColumns({ path: file, name }: EmbeddingFile, model: DiffusionModel): Promise<StripColumn[]> {
  const { dir, ext } = path.parse(file);
  const names = await readdir(dir).catch(() => []);
  const saved = names.flatMap((entry) => {
    const rest = entry.startsWith(`${name}-step`) && entry.endsWith(ext) ? entry.slice(name.length, -ext.length) : "";
    const [, digits] = /^-step(\d{8,12})$/.exec(rest) ?? [];
    return digits === undefined ? [] : [{ step: Number(digits), file: path.join(dir, entry) }];
  });
  const end = Math.max(0, ...saved.map(({ step }) => step));
  const nearest = [end / 3, (2 * end) / 3].flatMap((third) =>
    saved.length < 2 ? [] : saved.reduce((a, b) => (Math.abs(b.step - third) < Math.abs(a.step - third) ? b : a)),
  );
  const columns: StripColumn[] = [];
  for (const { step, file: at } of new Set(nearest)) {
    const word = await readEmbeddingFile(at)
      .then((read) => wordIn(read, model))
      .catch((error: unknown) => {
        if (!(error instanceof CoinageError)) throw error;
        return undefined;
      });
    if (word) columns.push(column(`step ${step}`, "third", { step, vectors: encodeTables(word.tables) }));
  }
  return columns;
}

function column(
  label: string,
  role: StripColumn["role"],
  contents: Pick<StripColumn, "step" | "vectors" | "text">,
): StripColumn {
  return { label, role, ...contents, pictures: [null, null] };
}

/** The size in the metadata of .safetensors files, rounded down to multiples of 64. */
function resolutionIn({ metadata }: EmbeddingFile): readonly [number, number] | undefined {
  const [, width, height] = /^(\d{2,4})x(\d{2,4})$/.exec(metadata["modelspec.resolution"] ?? "") ?? [];
  const sides = [width, height].map((side) => Math.floor(Number(side) / 64) * 64);
  return sides.every((side) => side > 0) ? (sides as [number, number]) : undefined;
}

function usualSize({ family }: DiffusionModel, { predictionType }: Checkpoint): readonly [number, number] {
  if (family === "sdxl") return [1024, 1024];
  return family === "sd2" && predictionType.value === "v_prediction" ? [768, 768] : [512, 512];
}
