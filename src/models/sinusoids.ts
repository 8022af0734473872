import { concat, constant, cos, multiply, reshape, sin, type Tensor } from "../graph/index.ts";

/** Sinusoidal features of numbers: cos(x f_i) for all i, then sin(x f_i), with f_i = 10000^(-i / (width/2)).
 *  x: [B]; result [B, width]. Computed in float32 like the reference, whose rounding of x f_i is part of the numbers. */
export function sinusoids(x: Tensor, width: number): Tensor {
  const half = width / 2;
  const step = Math.fround(-Math.log(10000));
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp(Math.fround(Math.fround(step * i) / half)),
  );
  const angles = multiply(
    reshape(x, [x.shape[0]!, 1]),
    constant({ dtype: "float32", shape: [1, half], data: frequencies }),
  );
  return concat([cos(angles), sin(angles)], 1);
}
