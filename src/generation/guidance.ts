import type { Sampling } from "./request.ts";

/** The texts that the U-Net reads in one pass: as many groups of rows as a batch has pictures, in this order. */
export type TextGroup = "negative" | "positive" | "empty";

/** Guidance asks for several passes, made as one batch. */
export function textGroups({ guidanceScale, negativeScale }: Guidance): readonly TextGroup[] {
  if (guidanceScale <= 1) return ["positive"];
  return negativeScale === undefined ? ["negative", "positive"] : ["negative", "positive", "empty"];
}

export type Guidance = Pick<Sampling, "guidanceScale" | "negativeScale">;

/** The guided model output out of that of every group. output: [groups * B, ...].
 *  Two groups: u + s (c - u); three: e + s (c - e) - n (u - e). Source: Ho 2022, "Classifier-Free Diffusion Guidance". */
export function guided(
  output: Float32Array,
  groups: number,
  { guidanceScale, negativeScale = 0 }: Guidance,
): Float32Array {
  if (groups === 1) return output;
  const size = output.length / groups;
  const negative = output.subarray(0, size);
  const positive = output.subarray(size, 2 * size);
  if (groups === 2) return positive.map((c, i) => negative[i]! + guidanceScale * (c - negative[i]!));
  const empty = output.subarray(2 * size);
  return positive.map((c, i) => {
    const e = empty[i]!;
    return e + guidanceScale * (c - e) - negativeScale * (negative[i]! - e);
  });
}
