import { type Dim, dim, input, multiplyDims, type Tensor } from "../graph/index.ts";
import {
  conditioning,
  type DiffusionModel,
  decodeLatents,
  encodePictures,
  layerContexts,
  unet,
} from "../models/index.ts";
import type { LoadOptions, Program, Runtime } from "../runtime/index.ts";

/** The VAE's results are so large that what is kept for the next ones would cost a quarter of its memory or more, all through the steps to the next
 *  picture, too. Giving it back makes the VAE about 7 % slower. */
const fewAndLarge: LoadOptions = { withoutArena: true };

/** The programs of a model, each loaded when it is first asked for, and again when it is asked for after closing. */
export class Programs {
  readonly #model: DiffusionModel;
  readonly #runtime: Runtime;
  readonly #options: LoadOptions;
  readonly #loaded = new Map<string, Promise<Program>>();

  /** options: for text encoders and U-Net. */
  constructor(model: DiffusionModel, runtime: Runtime, options: LoadOptions = {}) {
    this.#model = model;
    this.#runtime = runtime;
    this.#options = options;
  }

  /** `context`, and `pooled` for SDXL, of single chunks of 77 tokens. Its inputs: see textFeeds. */
  text(clipSkip: number | undefined, hasLearned: boolean): Promise<Program> {
    return this.#get(`text ${clipSkip} ${hasLearned}`, () => {
      const { context, pooled } = conditioning(this.#model, {
        batch: dim("batch"),
        chunks: 1,
        joining: "whole",
        clipSkip,
        hasLearned,
      });
      return { context, ...(pooled && { pooled }) };
    });
  }

  /** `prediction` for latents of any size. tokens: length of the context; layers: it has so many variants side by side, one for each layer. */
  unet(tokens: number, layers?: number): Promise<Program> {
    return this.#get(`unet ${tokens} ${layers}`, () => {
      const { weights, architecture } = this.#model.unet;
      const batch = dim("batch", { nominal: 2 });
      const texts = multiplyDims(layers ?? 1, batch);
      const context = input("context", "float32", [texts, tokens, architecture.contextWidth]);
      const { prediction } = unet(weights, architecture, {
        latents: input("latents", "float32", latentShape(batch, architecture.inChannels)),
        timesteps: input("timesteps", "float32", [batch]),
        context: layers === undefined ? context : layerContexts(context, batch, layers),
        ...(architecture.addition && {
          pooled: input("pooled", "float32", [batch, architecture.addition.pooledWidth]),
          sizes: input("sizes", "float32", [batch, 6]),
        }),
      });
      return { prediction };
    });
  }

  /** `pictures` in about -1..1 from `latents` as the VAE knows them. bands: see vaeBands. */
  decoder(bands: number): Promise<Program> {
    return this.#get(
      `decoder ${bands}`,
      () => {
        const { weights, architecture } = this.#model.vae;
        const latents = input("latents", "float32", latentShape(dim("batch"), architecture.latentChannels));
        return { pictures: decodeLatents(weights, architecture, latents, bands).pictures };
      },
      fewAndLarge,
    );
  }

  /** `mean` and `logvar` of `pictures` in -1..1. bands: see vaeBands. */
  encoder(bands: number): Promise<Program> {
    return this.#get(`encoder ${bands}`, () => encoderOutputs(this.#model, bands), fewAndLarge);
  }

  async close(): Promise<void> {
    const programs = [...this.#loaded.values()];
    this.#loaded.clear();
    for (const loading of programs) {
      const program = await loading.catch(() => undefined);
      await program?.close();
    }
  }

  #get(key: string, outputs: () => Record<string, Tensor>, options = this.#options): Promise<Program> {
    const known = this.#loaded.get(key);
    if (known) return known;
    const loading = this.#runtime.load(outputs(), options);
    this.#loaded.set(key, loading);
    loading.catch(() => this.#loaded.delete(key));
    return loading;
  }
}

/** `mean` and `logvar` of the latents of `pictures` [batch,3,height,width] in -1..1. bands: see vaeBands. */
export function encoderOutputs({ vae }: Pick<DiffusionModel, "vae">, bands: number): Record<string, Tensor> {
  const { weights, architecture } = vae;
  const side = (name: string) => dim(name, { nominal: 512, multipleOf: architecture.factor });
  const pictures = input("pictures", "float32", [dim("batch"), 3, side("height"), side("width")]);
  const { mean, logvar } = encodePictures(weights, architecture, pictures, bands);
  return { mean, logvar };
}

function latentShape(batch: Dim, channels: number): Dim[] {
  return [batch, channels, dim("height", { nominal: 64 }), dim("width", { nominal: 64 })];
}
