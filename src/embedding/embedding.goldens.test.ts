import path from "node:path";
import { expect, test } from "vitest";
import { describeGoldens, readJson, readTensors } from "../../test/goldens.ts";
import { CoinageError, type ErrorCode } from "../errors/index.ts";
import { embeddingForModel, readEmbeddingFile, type TargetModel } from "./index.ts";

interface Case {
  readonly name: string;
  readonly file: string;
  readonly family: keyof typeof models;
  readonly outcome: "ok" | "error";
  readonly category: keyof typeof codes;
  readonly layout: string;
  readonly optional: boolean;
  readonly token: string | null;
  readonly step: number | null;
  readonly sd_checkpoint: string | null;
  readonly sd_checkpoint_name: string | null;
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[] }>>;
  readonly values: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

const models = {
  sd1: { label: "Stable Diffusion 1", widths: [768] },
  sd2: { label: "Stable Diffusion 2", widths: [1024] },
  sdxl: { label: "Stable Diffusion XL", widths: [768, 1280] },
} satisfies Readonly<Record<string, TargetModel>>;

const damage: readonly ErrorCode[] = [
  "SAFETENSORS_INVALID",
  "TORCH_FILE_INVALID",
  "PNG_INVALID",
  "EMBEDDING_INVALID",
  "CHECKPOINT_UNREADABLE",
];

/** An image that was saved as JPEG has lost its embedding and looks like any other. */
const damagedPicture: readonly ErrorCode[] = [...damage, "EMBEDDING_UNRECOGNIZED"];

const codes = {
  width: ["EMBEDDING_WIDTH"],
  family: ["EMBEDDING_FAMILY"],
  empty: ["EMBEDDING_EMPTY"],
  shape: ["EMBEDDING_SHAPE"],
  dtype: ["EMBEDDING_DTYPE"],
  "not-finite": ["EMBEDDING_NOT_FINITE"],
  ambiguous: ["EMBEDDING_AMBIGUOUS"],
  unsupported: ["EMBEDDING_UNSUPPORTED"],
  unrecognized: ["EMBEDDING_UNRECOGNIZED"],
  "no-embedding": ["EMBEDDING_UNRECOGNIZED"],
  truncated: damage,
  corrupt: damage,
  // The number of vectors is found too large before anything is unpacked.
  bomb: [...damage, "EMBEDDING_SHAPE"],
  unsafe: ["PICKLE_REFUSED"],
} satisfies Readonly<Record<string, readonly ErrorCode[]>>;

describeGoldens("embeddings", (folder) => {
  const cases = readJson<readonly Case[]>(folder, "index.json");

  test.each(cases.filter(({ outcome }) => outcome === "ok"))("$name is read as recorded", async (golden) => {
    const file = await readEmbeddingFile(path.join(folder, golden.file));
    expect(file.name).toBe(path.parse(golden.file).name);
    expect(file.layout).toBe(golden.layout);
    expect(file.token ?? null).toBe(golden.token);
    expect(file.step ?? null).toBe(golden.step);
    expect(file.sdCheckpoint ?? null).toBe(golden.sd_checkpoint);
    expect(file.sdCheckpointName ?? null).toBe(golden.sd_checkpoint_name);
    if (golden.metadata) expect(file.metadata).toEqual(golden.metadata);
    const expected = readTensors(folder, golden.values);
    expect([...file.tables.keys()].sort()).toEqual(Object.keys(golden.tensors).sort());
    for (const [role, table] of file.tables) expect({ role, ...table }).toEqual({ role, ...expected.get(role) });

    if (golden.layout === "xti") return;
    const word = embeddingForModel(file, models[golden.family]);
    expect(word.vectors).toEqual(
      golden.family === "sdxl" ? ["clip_l", "clip_g"].map((role) => expected.get(role)) : [...expected.values()],
    );
  });

  test.each(cases.filter(({ outcome }) => outcome === "error"))("$name is an error: $why", async (golden) => {
    const model = models[golden.family];
    const error = await readEmbeddingFile(path.join(folder, golden.file)).then(
      (file) => refusalOf(() => embeddingForModel(file, model)),
      (reason: unknown) => reason,
    );
    if (!(error instanceof CoinageError)) throw error ?? new Error("it was accepted");
    const isDamagedPicture = golden.category === "corrupt" && golden.file.endsWith(".png");
    expect(isDamagedPicture ? damagedPicture : codes[golden.category]).toContain(error.code);
    if (golden.category === "width")
      for (const width of model.widths.slice(0, 1)) expect(error.message).toContain(String(width));
  });
});

function refusalOf(attempt: () => unknown): unknown {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error;
  }
}
