import { arrayOf, type NdArray } from "../array/index.ts";
import { type Dim, dim, input, multiplyDims, type Tensor } from "../graph/index.ts";
import {
  conditioning,
  type DiffusionModel,
  hiddenStatesOfLayers,
  textFeeds,
  unet,
  vaeDecoder,
  vaeEncoder,
} from "../models/index.ts";
import type { LoadOptions, Program, Runtime } from "../runtime/index.ts";

/** The VAE's results are so large that an arena would hold a quarter of its memory or more even during the steps of the next image.
 *  Without an arena the VAE is about 7 % slower. */
const fewAndLarge: LoadOptions = { withoutArena: true };

/** Encoded texts, as the U-Net's conditioning. */
export interface TextConditioning {
  /** Input of the cross-attention: [texts, tokens, width]; with vectors for each layer [texts x layers, tokens, width], the layers of a text side by side. */
  readonly encoderHiddenStates: NdArray<Float32Array>;
  /** SDXL: pooled text [texts, width]. */
  readonly pooled?: NdArray<Float32Array> | undefined;
}

/** The U-Net's inputs besides latents and timestep. */
export interface UNetConditioning extends TextConditioning {
  /** SDXL: sizes and crops [texts, 6]. */
  readonly timeIds?: NdArray<Float32Array> | undefined;
}

/** A model on a device: text encoders, U-Net and VAE. Each is loaded on first use, and again on the first use after close(). */
export class Networks {
  readonly model: DiffusionModel;
  readonly #runtime: Runtime;
  readonly #options: LoadOptions;
  readonly #loaded = new Map<string, Promise<Program>>();

  /** options: for text encoders and U-Net. */
  constructor(model: DiffusionModel, runtime: Runtime, options: LoadOptions = {}) {
    this.model = model;
    this.#runtime = runtime;
    this.#options = options;
  }

  /** Hidden states of chunks of 77 tokens, each encoded by itself, so that one program serves texts of any length. chunks: [chunks][77] for each text encoder;
   *  clipSkip: hidden state counted from the end; embeddings: for each text encoder the vectors [vectors, width] of the ids from 49408 on. @throws RUNTIME */
  async encodeChunks(
    chunks: readonly (readonly (readonly number[])[])[],
    clipSkip?: number,
    embeddings?: readonly NdArray<Float32Array>[],
  ): Promise<TextConditioning> {
    const hasPlaceholders = embeddings !== undefined;
    const program = await this.#get(`text ${clipSkip} ${hasPlaceholders}`, () => {
      const { encoderHiddenStates, pooled } = conditioning(this.model, {
        batch: dim("batch"),
        chunks: 1,
        joining: "whole",
        clipSkip,
        hasPlaceholders,
      });
      return { encoderHiddenStates, ...(pooled && { pooled }) };
    });
    const texts = chunks.map((ofEncoder) => ofEncoder.map((chunk) => [chunk]));
    const feeds = textFeeds(this.model, texts, embeddings);
    const { encoderHiddenStates, pooled } = await program.run(
      Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]!])),
    );
    return {
      encoderHiddenStates: encoderHiddenStates as NdArray<Float32Array>,
      pooled: pooled as NdArray<Float32Array> | undefined,
    };
  }

  /** The U-Net's prediction for noisy latents [B,4,h,w] at a timestep: noise or velocity [B,4,h,w]. @throws RUNTIME */
  async predict(
    latents: NdArray<Float32Array>,
    timestep: number,
    { encoderHiddenStates, pooled, timeIds }: UNetConditioning,
  ): Promise<NdArray<Float32Array>> {
    const batch = latents.shape[0]!;
    const program = await this.#unet(encoderHiddenStates.shape[1]!, encoderHiddenStates.shape[0]! / batch);
    const { prediction } = await program.run({
      latents,
      timesteps: arrayOf([batch], Array<number>(batch).fill(timestep)),
      encoderHiddenStates,
      ...(pooled && timeIds && { pooled, timeIds }),
    });
    return prediction as NdArray<Float32Array>;
  }

  /** tokens: length of the texts; layers: variants of each text, side by side. */
  #unet(tokens: number, layers: number): Promise<Program> {
    return this.#get(`unet ${tokens} ${layers}`, () => unetOutputs(this.model, tokens, layers));
  }

  /** The program that decodes unscaled `latents` to `pictures` [B,3,H,W] in about -1..1. bands: see vaeBands. */
  vaeDecoder(bands: number): Promise<Program> {
    return this.#get(`decoder ${bands}`, () => vaeDecoderOutputs(this.model, bands), fewAndLarge);
  }

  /** The program that encodes `pictures` [B,3,H,W] in -1..1 to `mean` and `logvar`. bands: see vaeBands. */
  vaeEncoder(bands: number): Promise<Program> {
    return this.#get(`encoder ${bands}`, () => vaeEncoderOutputs(this.model, bands), fewAndLarge);
  }

  /** Frees all programs; the runtime stays open. */
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

/** The graph of a U-Net: the `prediction` [B,4,h,w] for noisy `latents` at `timesteps` [B]. tokens: length of the texts; layers: variants of
 *  each text, side by side. */
export function unetOutputs(
  { unet: { weights, architecture } }: Pick<DiffusionModel, "unet">,
  tokens: number,
  layers: number,
): { readonly prediction: Tensor } {
  const batch = dim("batch", { nominal: 2 });
  const encoderHiddenStates = input("encoderHiddenStates", "float32", [
    multiplyDims(layers, batch),
    tokens,
    architecture.crossAttentionDim,
  ]);
  const { prediction } = unet(weights, architecture, {
    latents: input("latents", "float32", latentShape(batch, architecture.inChannels)),
    timesteps: input("timesteps", "float32", [batch]),
    encoderHiddenStates: layers === 1 ? encoderHiddenStates : hiddenStatesOfLayers(encoderHiddenStates, batch, layers),
    ...(architecture.addition && {
      pooled: input("pooled", "float32", [batch, architecture.addition.pooledDim]),
      timeIds: input("timeIds", "float32", [batch, 6]),
    }),
  });
  return { prediction };
}

/** The graph of a VAE's decoder: `pictures` [B,3,H,W] in about -1..1 from unscaled `latents` [B,4,h,w]. bands: see vaeBands. */
export function vaeDecoderOutputs(
  { vae: { weights, architecture } }: Pick<DiffusionModel, "vae">,
  bands: number,
): { readonly pictures: Tensor } {
  const latents = input("latents", "float32", latentShape(dim("batch"), architecture.latentChannels));
  return { pictures: vaeDecoder(weights, architecture, latents, bands).images };
}

/** The graph of a VAE's encoder: `mean` and `logvar` of the latents of `pictures` [B,3,H,W] in -1..1. bands: see vaeBands. */
export function vaeEncoderOutputs({ vae }: Pick<DiffusionModel, "vae">, bands: number): Record<string, Tensor> {
  const { weights, architecture } = vae;
  const side = (name: string) => dim(name, { nominal: 512, multipleOf: architecture.vaeScaleFactor });
  const pictures = input("pictures", "float32", [dim("batch"), 3, side("height"), side("width")]);
  const { mean, logvar } = vaeEncoder(weights, architecture, pictures, bands);
  return { mean, logvar };
}

function latentShape(batch: Dim, channels: number): Dim[] {
  return [batch, channels, dim("height", { nominal: 64 }), dim("width", { nominal: 64 })];
}
