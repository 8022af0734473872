import {
  absolute,
  add,
  type Dim,
  dim,
  grad,
  input,
  multiply,
  multiplyDims,
  reduceSum,
  reshape,
  scale,
  sqrt,
  square,
  subtract,
  type Tensor,
} from "../../graph/index.ts";
import {
  type Conditioning,
  conditioning,
  type DiffusionModel,
  hiddenStatesOfLayers,
  unet,
} from "../../models/index.ts";

export type LossType = "l2" | "l1" | "huber" | "smooth_l1";

/** What the graph of a micro-step depends on besides its model. */
export interface MicroStepGraphOptions {
  /** Chunks of 77 tokens per caption. */
  readonly chunks: number;
  readonly clipSkip?: number | undefined;
  /** With --xti: layers with cross-attention. Each caption is repeated per layer with that layer's tokens, repeats side by side. */
  readonly layers?: number | undefined;
  readonly lossType: LossType;
  /** Weigh the loss by a mask at latent size. */
  readonly hasMask: boolean;
  /** Trade time for memory: see UNetOptions. */
  readonly gradientCheckpointing?: boolean;
  /** Typical sizes of latents. Height and width must be multiples of `multipleOf`. */
  readonly nominal: { readonly batch: number; readonly height: number; readonly width: number };
  readonly multipleOf: number;
}

/** The graph of a training micro-step. Besides those of the text (see textFeeds) its inputs are
 *  `noisyLatents`, `target` [B,4,h,w], `timesteps` [B], `lossFactors` [B] (factor of each sample's summed element loss),
 *  `huberThresholds` [B] for huber and smooth_l1, `mask` [B,1,h,w], and for SDXL `timeIds` [B,6]. */
export interface MicroStepGraph {
  /** The element loss summed over each sample, unweighted: [B]. */
  readonly lossSums: Tensor;
  /** The squared error summed over each sample, whatever the loss: [B]. For evaluations; needs no `lossFactors`. */
  readonly squaredErrorSums: Tensor;
  /** Per text encoder, the gradient of the weighted loss at each position: [chunks x B, 77, width]; with layers [chunks x B x layers, 77, width]. */
  readonly tokenGradients: readonly Tensor[];
  readonly text: Conditioning;
  readonly prediction: Tensor;
  /** The scalar to differentiate: the sum of lossSums x lossFactors. */
  readonly objective: Tensor;
}

/** Text encoders, U-Net, loss and its gradient at the token embeddings, as one graph. */
export function microStepGraph(model: DiffusionModel, options: MicroStepGraphOptions): MicroStepGraph {
  const { nominal, multipleOf, chunks, clipSkip, layers } = options;
  const batch = dim("batch", { nominal: nominal.batch });
  const height = dim("height", { nominal: nominal.height, multipleOf });
  const width = dim("width", { nominal: nominal.width, multipleOf });
  const { weights, architecture } = model.unet;
  const latentShape = [batch, architecture.outChannels, height, width];

  const texts = multiplyDims(layers ?? 1, batch);
  const text = conditioning(model, { batch: texts, chunks, joining: "trimmed", clipSkip, hasPlaceholders: true });
  const { prediction } = unet(
    weights,
    architecture,
    {
      latents: input("noisyLatents", "float32", latentShape),
      timesteps: input("timesteps", "float32", [batch]),
      encoderHiddenStates:
        layers === undefined ? text.encoderHiddenStates : hiddenStatesOfLayers(text.encoderHiddenStates, batch, layers),
      ...(text.pooled && { pooled: text.pooled, timeIds: input("timeIds", "float32", [batch, 6]) }),
    },
    { gradientCheckpointing: options.gradientCheckpointing ?? false },
  );
  const target = input("target", "float32", latentShape);
  const mask = options.hasMask ? input("mask", "float32", [batch, 1, height, width]) : undefined;
  const sumOf = (elements: Tensor) => reduceSum(mask ? multiply(elements, mask) : elements, [1, 2, 3]);
  const difference = subtract(prediction, target);
  const lossSums = sumOf(elementLoss(difference, options.lossType, batch));
  const squaredErrorSums = options.lossType === "l2" ? lossSums : sumOf(square(difference));
  const objective = reduceSum(multiply(lossSums, input("lossFactors", "float32", [batch])), [0]);
  const tokenGradients = grad(objective, text.tokenEmbeddings).map((gradient) => gradient!);
  return { lossSums, squaredErrorSums, tokenGradients, text, prediction, objective };
}

/** The loss of each element; huber: 2c (sqrt(d^2 + c^2) - c), smooth_l1 the same without the factor c. */
function elementLoss(difference: Tensor, type: LossType, batch: Dim): Tensor {
  if (type === "l2") return square(difference);
  if (type === "l1") return absolute(difference);
  const threshold = reshape(input("huberThresholds", "float32", [batch]), [batch, 1, 1, 1]);
  const rounded = subtract(sqrt(add(square(difference), square(threshold))), threshold);
  return type === "huber" ? multiply(scale(rounded, 2), threshold) : scale(rounded, 2);
}
