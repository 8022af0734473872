import { CoinageError } from "../../errors/index.ts";
import { describeShape, multiplyDims } from "../dims.ts";
import { constant, differentiable, node, nodes, scalar, type Tensor } from "../tensor.ts";
import { add, divide, multiply, sqrt, square, subtract } from "./elementwise.ts";
import { reduceMean } from "./reduce.ts";
import { reshape, reshapeLike } from "./reshape.ts";

/** Layer normalization over the last axis. gamma, beta: [width]. Only x is kept for the gradient:
 *  dx = r (g gamma - mean(g gamma) - xhat mean(g gamma xhat)), r = 1 / standard deviation. Source: Ba 2016, "Layer Normalization". */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, eps: number): Tensor {
  const attributes = { axis: -1, epsilon: { float: eps } };
  const y = node("LayerNormalization", [x, gamma, beta], x.shape, { attributes });
  return differentiable(y, [x], (upstream) => {
    const width = x.shape.at(-1) as number;
    const statistic = [...x.shape.slice(0, -1), 1];
    const [normalized, , inverse] = nodes(
      "LayerNormalization",
      [x, filled(width, 1)],
      [x.shape, statistic, statistic],
      {
        attributes,
      },
    );
    const axis = [x.shape.length - 1];
    const g = multiply(upstream, gamma);
    const projection = reduceMean(multiply(g, normalized!), axis);
    const centered = subtract(subtract(g, reduceMean(g, axis)), multiply(normalized!, projection));
    return [multiply(centered, inverse!)];
  });
}

/** Group normalization. x: [B, C, H, W], gamma, beta: [C]; C / groups consecutive channels share mean and variance.
 *  Source: Wu 2018, "Group Normalization". */
export function groupNorm(x: Tensor, groups: number, gamma: Tensor, beta: Tensor, eps: number): Tensor {
  const [batch, channels, height, width] = x.shape;
  if (typeof channels !== "number" || channels % groups !== 0)
    throw new CoinageError("SHAPE", `${groups} groups do not divide the channels of ${describeShape(x.shape)}.`);
  const grouped = reshape(x, [batch!, groups, multiplyDims(channels / groups, height!, width!)]);
  const normalized = node("InstanceNormalization", [grouped, filled(groups, 1), filled(groups, 0)], grouped.shape, {
    attributes: { epsilon: { float: eps } },
  });
  const perChannel = [channels, 1, 1];
  const scaled = multiply(reshapeLike(normalized, x), reshape(gamma, perChannel));
  const y = add(scaled, reshape(beta, perChannel));
  return differentiable(y, [x], (upstream) => [groupNormGradient(upstream, x, groups, gamma, eps)]);
}

/** With z = x - mu, u = gamma g and r = 1 / standard deviation: dx = r (u - mean(u)) - r^3 mean(u z) z.
 *  Means are subtracted before scaling: in a nearly constant group r is large and would amplify the rounding errors of terms that should cancel. */
function groupNormGradient(upstream: Tensor, x: Tensor, groups: number, gamma: Tensor, eps: number): Tensor {
  const [batch, channels, height, width] = x.shape;
  const split = [batch!, groups, multiplyDims(Number(channels) / groups, height!, width!)];
  const groupMean = (tensor: Tensor) => reduceMean(tensor, [2]);
  const x3 = reshape(x, split);
  const u = reshape(multiply(upstream, reshape(gamma, [Number(channels), 1, 1])), split);

  const z = subtract(x3, groupMean(x3));
  const inverse = divide(scalar(1), sqrt(add(groupMean(square(z)), scalar(eps))));
  const slope = multiply(multiply(inverse, square(inverse)), groupMean(multiply(u, z)));
  const dx = subtract(multiply(subtract(u, groupMean(u)), inverse), multiply(z, slope));
  return reshapeLike(dx, x);
}

function filled(count: number, value: number): Tensor {
  return constant({ dtype: "float32", shape: [count], data: new Float32Array(count).fill(value) });
}
