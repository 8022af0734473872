import { mkdir, readdir, readFile, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { arrayOf, bytesOf, elementCount, type NdArray, typedArrayOn } from "../../array/index.ts";
import { numTrainTimesteps, samplerNames } from "../../diffusion/index.ts";
import { writeFileAtomically } from "../../files/index.ts";
import type { ImageOrder } from "./image-drawer.ts";

const version = 1;

const vectors = z.object({ shape: z.array(z.int().min(1)).length(2), data: z.string() });

const side = z
  .int()
  .min(64)
  .max(1 << 14);

const imageRequestSchema = z.strictObject({
  compatibility: z.literal("preview"),
  /** The prompt as written by the user. */
  written: z.string(),
  prompt: z.string().max(1 << 16),
  negativePrompt: z.string().max(1 << 16),
  width: side,
  height: side,
  seed: z.int().min(0),
  steps: z.int().min(1).max(numTrainTimesteps),
  guidanceScale: z.number().optional(),
  sampler: z.enum(samplerNames),
  clipSkip: z.int().min(1).max(100).optional(),
  maxEmbeddingsMultiples: z.int().min(1).max(3).optional(),
}) satisfies z.ZodType<ImageOrder["request"]>;

/** Keeps the schema private: zod's types need the DOM's, which the types of index.ts must do without. */
export function isImageRequest(value: unknown): value is ImageOrder["request"] {
  return imageRequestSchema.safeParse(value).success;
}

const orderSchema = z.object({
  version: z.literal(version),
  runId: z.string(),
  outputName: z.string(),
  at: z.union([z.strictObject({ epoch: z.int() }), z.strictObject({ step: z.int() })]),
  index: z.int().min(0),
  isSeeded: z.boolean(),
  step: z.int().min(0),
  epoch: z.int().min(0),
  embeddings: z.array(vectors),
  request: imageRequestSchema,
});

/** Sample images handed out by a run, each in a file until it is drawn: if the run is killed, the resumed run draws them. */
export class ImageOrders {
  readonly #folder: string;
  readonly #run: { readonly runId: string; readonly outputName: string };

  constructor(sampleDir: string, runId: string, outputName: string) {
    this.#folder = path.join(sampleDir, ".waiting");
    this.#run = { runId, outputName };
  }

  /** @throws the system's own error */
  async write(order: ImageOrder): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const embeddings = order.embeddings.map(({ shape, data }) => ({
      shape,
      data: Buffer.from(bytesOf(data)).toString("base64"),
    }));
    await writeFileAtomically(this.#fileOf(order), JSON.stringify({ version, ...this.#run, ...order, embeddings }));
  }

  async remove(order: ImageOrder): Promise<void> {
    await rm(this.#fileOf(order), { force: true }).catch(() => {});
    // fails while other orders are in the folder
    await rmdir(this.#folder).catch(() => {});
  }

  /** Waiting orders of the run up to a step, where it resumes; later ones are removed, since the run will repeat them, and so are unusable ones. */
  async upTo(step: number): Promise<ImageOrder[]> {
    const found: ImageOrder[] = [];
    for (const name of (await readdir(this.#folder).catch(() => [])).sort()) {
      const file = path.join(this.#folder, name);
      const order = readOrder(await readFile(file, "utf8").catch(() => ""));
      if (order && order.outputName !== this.#run.outputName) continue;
      if (order && order.runId === this.#run.runId && order.step <= step) found.push(order);
      else await rm(file, { force: true }).catch(() => {});
    }
    await rmdir(this.#folder).catch(() => {});
    return found;
  }

  #fileOf({ at, index }: ImageOrder): string {
    const when = "epoch" in at ? `e${at.epoch}` : `${at.step}`;
    return path.join(this.#folder, `${path.basename(this.#run.outputName)}-${when.padStart(8, "0")}-${index}.json`);
  }
}

function readOrder(text: string) {
  try {
    const { embeddings, ...order } = orderSchema.parse(JSON.parse(text));
    return { ...order, embeddings: embeddings.map(decoded) } satisfies ImageOrder;
  } catch {
    return undefined;
  }
}

/** @throws Error if the bytes do not fit the shape */
function decoded({ shape, data }: z.infer<typeof vectors>): NdArray<Float32Array> {
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  if (bytes.length !== 4 * elementCount(shape)) throw new Error("other bytes than the shape has");
  return arrayOf(shape, typedArrayOn("float32", bytes) as Float32Array);
}
