import { z } from "zod";
import { CoinageError, type ErrorCode } from "../errors/index.ts";

/** Version of the data; readers refuse others. */
export const reportFormat = "coinage-report-1" as const;

/** Most rows of a strip. */
const mostPrompts = 8;

/** NaN and infinity are null in JSON, and gaps in curves. */
const value = z.number().nullable();
const values = z.array(value).readonly();
const words = z.array(z.string()).readonly();

const evaluation = z.object({
  step: z.int(),
  loss: value,
  drop: value,
  dropError: value,
  itemLosses: values,
});

const column = z.object({
  /** "last", "best", "step 100", "start: cat". */
  label: z.string(),
  /** Which vectors the column shows; images are drawn in the order last, start, best, third. */
  role: z.enum(["start", "third", "best", "last"]),
  /** Steps done; undefined for an untrained word. */
  step: z.int().optional(),
  /** Vectors to draw with: for each text encoder a table [vectors, width] of float32, little-endian, as base64. Undefined: `text` is used in the prompt. */
  vectors: z.array(z.object({ shape: z.tuple([z.int(), z.int()]), data: z.base64() })).optional(),
  /** Whether these are the vectors in the file. */
  isKept: z.boolean().optional(),
  /** A known word, instead of vectors. */
  text: z.string().optional(),
  /** An image for each prompt, as PNG; null if not drawn. */
  pictures: z.array(z.base64().nullable()),
});

const schema = z.object({
  format: z.literal(reportFormat),
  /** Id shared by a run and all runs that resume from its states. */
  runId: z.string().optional(),
  /** When the report was made: ISO 8601. */
  date: z.string(),
  versions: z.record(z.string(), z.string()),
  word: z.string(),
  tokens: words,
  /** The init word. */
  initWord: z.string().optional(),
  embedding: z.object({
    file: z.string(),
    sha256: z.string().optional() /** The layers of the U-Net that have vectors of their own (P+, XTI). */,
    layers: words.optional(),
  }),
  model: z.object({
    /** As given: a path or a name on the hub. */
    source: z.string(),
    family: z.enum(["sd1", "sd2", "sdxl"]),
    predictionType: z.enum(["epsilon", "v_prediction"]),
    vae: z.string().optional(),
    /** Fingerprints of the components. */
    hashes: z.record(z.string(), z.string()),
  }),
  run: z
    .object({
      steps: z.int(),
      plannedSteps: z.int(),
      seconds: z.number(),
      isInterrupted: z.boolean(),
      failure: z.string().optional(),
      /** Why --early_stop ended the run, as the end of a sentence. */
      stopReason: z.string().optional(),
      device: z.string(),
      /** Name of the recipe, why --recipe auto chose it, and its settings with their values in this run. */
      recipe: z.object({ name: z.string(), reason: z.string().optional(), settings: z.string() }).optional(),
      /** The choice of the vectors in the file (--keep): their step, and the comparison in words. */
      choice: z.object({ step: z.int(), message: z.string() }).optional(),
    })
    .optional(),
  /** Settings that differ from their defaults, by flag. */
  settings: z.array(z.tuple([z.string(), z.string()])),
  dataset: z
    .object({
      images: z.int(),
      regImages: z.int(),
      folders: z.array(z.object({ path: z.string(), images: z.int(), repeats: z.int() })),
      resolution: z.string(),
      captions: words,
    })
    .optional(),
  /** One per learned vector: encoder after encoder; with layers, layer after layer. */
  rows: z.array(
    z.object({
      label: z.string(),
      norm: value,
      /** Mean norm of ordinary words' vectors in this text encoder. */
      usualNorm: value,
      /** Angle in radians, and distance, from the start. */
      angle: value.optional(),
      distance: value.optional(),
      /** Known words with the largest cosine in the token table. */
      nearest: z.array(z.object({ word: z.string(), cosine: value })),
    }),
  ),
  /** Cosines between the vectors of a text encoder, or of a layer: [group][row][row]. */
  cosines: z.array(z.array(values)),
  curves: z.object({
    steps: z.array(z.int()),
    /** Mean training loss since the previous point. */
    loss: values,
    /** [row][point] */
    norms: z.array(values),
    angles: z.array(values),
    distances: z.array(values),
  }),
  evaluations: z.array(evaluation),
  /** Drift: mean of 1 - cosine of the text encoder's output after the word, against the init word; reference: the same for a real noun swapped for another. */
  drift: z.object({ value: z.number(), reference: z.number(), against: z.string(), prompts: z.int() }).optional(),
  verdict: z.object({
    kind: z.enum(["learned", "weak", "overfit", "nothing", "unmeasured"]),
    sentence: z.string(),
  }),
  strip: z.object({
    /** "{}" stands for the word. */
    prompts: z.array(z.object({ template: z.string(), seed: z.int() })).max(mostPrompts),
    /** Size of an image in pixels. */
    width: z.int().positive(),
    height: z.int().positive(),
    clipSkip: z.int().optional(),
    columns: z.array(column).max(16),
    /** Why images are missing. */
    missing: z.string().optional(),
  }),
  /** Command lines without the program's name. */
  commands: z.object({ generate: words.optional(), draw: words.optional() }),
  warnings: z.array(z.object({ code: z.string(), message: z.string(), count: z.int() })),
});

/** The prompt of a row of the strip, with a word filled in. */
export function promptOf({ template }: ReportData["strip"]["prompts"][number], word: string): string {
  return template.replaceAll("{}", () => word);
}

type DeepReadonly<Data> = Data extends object ? { readonly [Key in keyof Data]: DeepReadonly<Data[Key]> } : Data;

/** Everything a report shows, as plain data: the contents of NAME.report.json. */
export type ReportData = DeepReadonly<z.infer<typeof schema>>;

export type ReportedEvaluation = ReportData["evaluations"][number];

export type StripColumn = ReportData["strip"]["columns"][number];
export type Verdict = ReportData["verdict"];

/** A report as JSON. Numbers keep six digits. */
export function encodeReport(data: ReportData): string {
  const round = (_: string, entry: unknown) =>
    typeof entry === "number" && !Number.isInteger(entry) ? Number(entry.toPrecision(6)) : entry;
  return `${JSON.stringify(data, round)}\n`;
}

/** A report from its JSON. where: its file. @throws REPORT_INVALID */
export function decodeReport(text: string, where: string): ReportData {
  const invalid = (reason: string, cause?: unknown) =>
    new CoinageError("REPORT_INVALID" satisfies ErrorCode, `${where} is not a report that can be read: ${reason}.`, {
      hint: "Give the embedding file alone, in a folder without this file, to report on what it holds.",
      cause,
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid("it is not JSON", cause);
  }
  const found = typeof json === "object" && json !== null && "format" in json ? json.format : undefined;
  if (found !== reportFormat)
    throw invalid(`its format is ${JSON.stringify(found) ?? "missing"}, not "${reportFormat}"`);
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unknown"}`, parsed.error);
}
