/** How the size of a prompt's states is kept when its words are weighted:
 *  "original" their mean, "abs" the mean of their absolute values, "none" not at all. */
export type WeightNormalization = "original" | "abs" | "none";

/** The features of one text encoder in joined states. */
export interface FeatureRange {
  readonly start: number;
  readonly width: number;
}

/** Multiplies one text's states by the weight of each position, in place. states: [positions, rowWidth]; only the given features are touched.
 *  The mean of "original" is signed, so its quotient can be large where the mean is near zero: sd-scripts behaves so. */
export function weightStates(
  states: Float32Array,
  weights: readonly number[],
  { start, width }: FeatureRange,
  normalization: WeightNormalization,
): void {
  if (weights.every((weight) => weight === 1)) return;
  const rowWidth = states.length / weights.length;
  const sumOf = normalization === "abs" ? Math.abs : (value: number) => value;
  let before = 0;
  let after = 0;
  weights.forEach((weight, position) => {
    const row = states.subarray(position * rowWidth + start, position * rowWidth + start + width);
    for (let i = 0; i < width; i++) {
      before += sumOf(row[i]!);
      row[i]! *= weight;
      after += sumOf(row[i]!);
    }
  });
  if (normalization === "none") return;
  const quotient = before / after;
  for (let position = 0; position < weights.length; position++)
    for (let i = 0; i < width; i++) states[position * rowWidth + start + i]! *= quotient;
}
