import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { arrayOf, type NdArray, rowNorms, toFloat32 } from "../src/array/index.ts";
import { readEmbeddingFile } from "../src/embedding/index.ts";
import { readPngTexts } from "../src/formats/png-text/index.ts";
import { parseSafetensors } from "../src/formats/safetensors/index.ts";
import {
  type GenerationRunEvent,
  generate,
  inspect,
  type TrainInput,
  type TrainingEvent,
  train,
} from "../src/index.ts";
import { decodePicture, encodePng } from "../src/pictures/index.ts";
import { decodeReport } from "../src/report/data.ts";
import { type GoldenFamily, readFamilies } from "./golden-models.ts";
import { describeGoldens, readTensors } from "./goldens.ts";
import { filesOf, type HubServer, serveHub } from "./hub-server.ts";
import { readModel, writeDiffusersFolder } from "./model-files.ts";

/** sd-scripts' output for each family: tables of the embedding, and the metadata about the model. */
const expected = {
  sd1: { tables: ["emb_params"], architecture: "stable-diffusion-v1", prediction: "epsilon" },
  sd2: { tables: ["emb_params"], architecture: "stable-diffusion-v2-768-v", prediction: "v" },
  sdxl: { tables: ["clip_g", "clip_l"], architecture: "stable-diffusion-xl-v1-base", prediction: "epsilon" },
} as const;

const encoders = { emb_params: "textEncoder", clip_l: "textEncoder", clip_g: "textEncoder2" } as const;

describeGoldens("models", (goldens) => {
  const root = mkdtempSync(path.join(tmpdir(), "families-"));
  const pictures = path.join(root, "pictures");
  afterAll(() => rmSync(root, { recursive: true }));

  beforeAll(async () => {
    mkdirSync(pictures);
    for (const [i, colour] of [
      [200, 30, 60],
      [30, 160, 90],
    ].entries()) {
      const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (colour[at % 3]! + at / 7) % 256);
      writeFileSync(path.join(pictures, `${i}.png`), await encodePng({ width: 64, height: 64, channels: 3, data }));
      writeFileSync(path.join(pictures, `${i}.txt`), "a photo of mycat");
    }
  });

  /** The family as a Diffusers folder, whose configs are needed to infer the architecture of these small models. */
  async function folderOf(family: GoldenFamily, change: (unet: Map<string, NdArray>) => void = () => {}) {
    const model = await readModel(family.files[0]!.path);
    const folder = mkdtempSync(path.join(root, `${family.name}-`));
    const unet = new Map(model.unet);
    change(unet);
    writeDiffusersFolder(folder, { ...model, unet }, family);
    return folder;
  }

  /** Trains on a model. stop: aborted at the first event. */
  async function trained(model: string, more: Partial<TrainInput> = {}, stop?: AbortController) {
    const outputDir = mkdtempSync(path.join(root, "out-"));
    const events: TrainingEvent[] = [];
    const settings = {
      pretrainedModelNameOrPath: model,
      outputDir,
      outputName: "mycat",
      saveModelAs: "safetensors",
      tokenString: "mycat",
      initWord: "cat",
      numVectorsPerToken: 2,
      learningRate: 0.01,
      maxTrainSteps: 2,
      seed: 1,
      threads: 1,
      datasetConfig: writeConfig(),
      ...more,
    } as const;
    for await (const event of train(settings, stop && { signal: stop.signal })) {
      events.push(event);
      stop?.abort();
    }
    return { file: path.join(outputDir, "mycat.safetensors"), state: path.join(outputDir, "mycat-state"), events };
  }

  function writeConfig(): string {
    const file = path.join(root, "dataset.toml");
    writeFileSync(
      file,
      `[general]\nresolution = 64\n[[datasets]]\nbatch_size = 1\n[[datasets.subsets]]\nimage_dir = ${JSON.stringify(pictures)}\ncaption_extension = ".txt"\n`,
    );
    return file;
  }

  async function drawn(model: string, embedding: string): Promise<GenerationRunEvent[]> {
    const events: GenerationRunEvent[] = [];
    const settings = {
      ckpt: model,
      textualInversionEmbeddings: [embedding],
      prompt: "a photo of mycat",
      W: 64,
      H: 64,
      steps: 2,
      seed: 1,
      threads: 1,
      outdir: mkdtempSync(path.join(root, "pictures-")),
    };
    for await (const event of generate(settings)) events.push(event);
    return events;
  }

  const families = [...new Map(readFamilies(goldens).map((family) => [family.kind, family])).values()];
  describe.each(families.map((family) => [family.kind, family] as const))("%s", (kind, family) => {
    const { tables, architecture, prediction } = expected[kind];

    test("a word is learned, written as sd-scripts writes it, and drawn with", async () => {
      const folder = await folderOf(family);
      const { file, state, events } = await trained(folder, { saveState: true });
      const isV = prediction === "v";
      expect(events.find((event) => event.kind === "start")).toMatchObject({
        kind: "start",
        run: { family: kind, predictionType: isV ? "v_prediction" : "epsilon" },
      });
      const steps = events.filter((event) => event.kind === "step");
      expect(steps.map(({ loss, gradNorm, distance }) => loss > 0 && gradNorm > 0 && distance > 0)).toEqual([
        true,
        true,
      ]);

      const model = await readModel(folder);
      const written = readTensors(file);
      expect([...written.keys()].toSorted()).toEqual(tables);
      for (const table of tables) {
        const [, width] = model[encoders[table]]!.get("text_model.embeddings.token_embedding.weight")!.shape;
        expect(written.get(table)!.shape).toEqual([2, width]);
      }
      expect(parseSafetensors(readFileSync(file)).metadata).toMatchObject({
        "modelspec.architecture": `${architecture}/textual-inversion`,
        "modelspec.prediction_type": prediction,
      });
      expect((await readEmbeddingFile(file)).tables.size).toBe(tables.length);
      expect(await inspect(state)).toMatchObject({
        kind: "training-state",
        program: "coinage",
        step: 2,
        steps: 2,
        tables: tables.map(() => ({ norms: [expect.any(Number), expect.any(Number)] })),
        problems: [],
      });

      const pictures = await drawn(folder, file);
      expect(pictures.find((event) => event.kind === "model")).toMatchObject({ family: kind });
      const picture = pictures.find((event) => event.kind === "saved");
      expect(await decodePicture(readFileSync(picture!.file))).toMatchObject({ width: 64, height: 64 });
    });

    test("directions are learned from the encoders' output, each text encoder's at the length of its own words", async () => {
      const folder = await folderOf(family);
      const { file, events } = await trained(folder, {
        ...{ update: "direction", init: "output", stepAngle: 0.1, learningRate: undefined, timestepSampling: "cosine" },
      });
      expect(events.filter((event) => event.kind === "step").every(({ distance }) => distance > 0)).toBe(true);
      const model = await readModel(folder);
      for (const [name, rows] of readTensors(file)) {
        const encoder = encoders[name as (typeof tables)[number]];
        const table = model[encoder]!.get("text_model.embeddings.token_embedding.weight")!;
        const words = rowNorms(toFloat32(table)).filter((norm) => norm > 0);
        for (const norm of rowNorms(toFloat32(rows)))
          expect(norm).toBeCloseTo(words.reduce((a, b) => a + b) / words.length, 4);
      }
    });

    test("its report has images, and what its text encoders make of the word", async () => {
      const { file, events } = await trained(await folderOf(family), { report: "on", reportImages: "all" });
      expect(events.at(-2)!.kind).toBe("report");
      const report = reportOf(file);
      expect(report.model.family).toBe(kind);
      expect(report.rows).toHaveLength(2 * tables.length);
      for (const { angle, nearest, usualNorm } of report.rows) {
        expect(angle).toBeGreaterThan(0);
        expect(nearest).toHaveLength(5);
        expect(usualNorm).toBeGreaterThan(0);
      }
      expect(report.drift!.value).toBeGreaterThan(0);
      for (const { pictures } of report.strip.columns) expect(pictures).not.toContain(null);
    });
  });

  const reportOf = (file: string) => {
    const data = file.replace(/safetensors$/, "report.json");
    return decodeReport(readFileSync(data, "utf8"), data);
  };

  test.each(["sd1", "sd2"])("%s learns vectors for each of the sixteen layers of its U-Net", async (kind) => {
    const folder = await folderOf(families.find((family) => family.kind === kind)!);
    const { file, events } = await trained(folder, {
      xti: true,
      metadataTitle: "a cat",
      report: "on",
      reportImages: "all",
    });
    expect(events.at(-1)!.kind).toBe("done");
    expect([...readTensors(file).keys()].toSorted().join(" ")).toBe(
      "IN01 IN02 IN04 IN05 IN07 IN08 MID OUT03 OUT04 OUT05 OUT06 OUT07 OUT08 OUT09 OUT10 OUT11",
    );
    expect(parseSafetensors(readFileSync(file)).metadata).toEqual({});
    const report = reportOf(file);
    expect(report.rows.map(({ label }) => label).slice(0, 3)).toEqual(["mycat IN01", "mycat1 IN01", "mycat IN02"]);
    expect([report.rows.length, report.cosines.length, report.drift!.prompts]).toEqual([32, 16, 2]);
    for (const { pictures } of report.strip.columns) expect(pictures).not.toContain(null);
  });

  test("sdxl has no vectors for each layer", async () => {
    const folder = await folderOf(families.find((family) => family.kind === "sdxl")!);
    await expect(trained(folder, { xti: true })).rejects.toMatchObject({ code: "SETTINGS_CONFLICT", where: "--xti" });
    const draw = async () => {
      for await (const _ of generate({ ckpt: folder, XTIEmbeddings: ["a.pt"], prompt: "a", outdir: root }));
    };
    await expect(draw()).rejects.toMatchObject({ code: "SETTINGS_CONFLICT", where: "--XTI_embeddings a.pt" });
  });

  const sd1 = families.find(({ kind }) => kind === "sd1")!;

  describe("a name on the Hugging Face hub", () => {
    const commit = "0123456789abcdef0123456789abcdef01234567";
    let server: HubServer;
    beforeAll(async () => {
      server = await serveHub([{ name: "a/mini", revision: "main", commit, files: filesOf(await folderOf(sd1)) }]);
      vi.stubEnv("HF_ENDPOINT", server.url);
      vi.stubEnv("HF_HUB_CACHE", path.join(root, "cache"));
    });
    afterAll(async () => {
      vi.unstubAllEnvs();
      await server.close();
    });

    test("is fetched until the user interrupts, and nothing is written then", async () => {
      const { events, file } = await trained("a/mini", {}, new AbortController());
      expect(events.map(({ kind }) => kind)).toEqual(["download"]);
      expect(existsSync(file)).toBe(false);
    });

    test("is fetched, trained on, and drawn with", async () => {
      const { events, file } = await trained("a/mini");
      const kinds = new Set(events.map(({ kind }) => kind));
      expect([...kinds].slice(0, 1)).toEqual(["download"]);
      expect(events.at(-1)!.kind).toBe("done");
      const pictures = await drawn("a/mini", file);
      expect(pictures.some(({ kind }) => kind === "download")).toBe(false);
      const picture = pictures.find((event) => event.kind === "saved");
      const texts = readPngTexts(readFileSync(picture!.file));
      expect(texts.find(({ keyword }) => keyword === "parameters")!.text).toContain("Model: mini");
    });
  });

  test("flags that say something else than the model's file are an error that says what was found", async () => {
    const folder = await folderOf(sd1);
    await expect(trained(folder, { v2: true })).rejects.toThrow(
      expect.objectContaining({
        code: "CHECKPOINT_CONTRADICTED",
        where: "--v2",
        message: expect.stringContaining("Stable Diffusion 1"),
      }),
    );
    await expect(trained(folder, { vParameterization: true })).rejects.toThrow(
      expect.objectContaining({ code: "CHECKPOINT_CONTRADICTED", message: expect.stringContaining("epsilon") }),
    );
  });

  test("training on an inpainting model is refused by that name", async () => {
    const folder = await folderOf(sd1, (unet) => {
      const [width] = unet.get("conv_in.weight")!.shape;
      unet.set("conv_in.weight", arrayOf([width!, 9, 3, 3], new Float32Array(width! * 81)));
    });
    await expect(trained(folder)).rejects.toThrow(
      expect.objectContaining({ code: "CHECKPOINT_INPAINTING", message: expect.stringContaining("inpainting") }),
    );
  });
});
