import { type NdArray, rowNorms } from "../../array/index.ts";

/** How the norm of learned embeddings is controlled after each step. */
export type NormControl =
  /** fixed: each embedding is set to its target norm. decay: it moves min(1, 100 x learning rate) of the way there. */
  | { readonly kind: "fixed" | "decay"; readonly targets: NormTargets }
  /** All embeddings of a text encoder are scaled by (vocabulary's standard deviation / theirs) to the power of 0.1. */
  | { readonly kind: "std"; readonly deviations: readonly number[] };

/** Target norm of each embedding, per text encoder. */
export type NormTargets = readonly (readonly number[])[];

/** Scales embeddings in place, [vectors, width] per text encoder. rates: learning rate per text encoder, as a length, not as an angle.
 *  Source: fixed: OneTrainer `AdditionalEmbeddingWrapper.py`, with another target; decay: cloneofsimo/lora `cli_lora_pti.py`; std: invoke-training `textual_inversion.py`. */
export function controlNorms(
  control: NormControl,
  embeddings: readonly NdArray<Float32Array>[],
  rates: readonly number[],
): void {
  for (const [encoder, array] of embeddings.entries()) {
    const width = array.shape[1]!;
    const norms = rowNorms(array);
    const factors =
      control.kind === "std"
        ? norms.map(() => (control.deviations[encoder]! / deviation(array.data)) ** 0.1)
        : norms.map((norm, i) => {
            const share = control.kind === "fixed" ? 1 : Math.min(1, 100 * rates[encoder]!);
            return (norm + share * (control.targets[encoder]![i]! - norm)) / norm;
          });
    for (const [i, factor] of factors.entries()) {
      // an embedding of zeros cannot be scaled
      if (!Number.isFinite(factor)) continue;
      for (let k = i * width; k < (i + 1) * width; k++) array.data[k]! *= factor;
    }
  }
}

/** Standard deviation over all numbers. */
function deviation(values: Float32Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  return Math.sqrt(squares / values.length - (sum / values.length) ** 2);
}

/** A copy with rows scaled to these norms. */
export function withNorms(array: NdArray<Float32Array>, lengths: readonly number[]): NdArray<Float32Array> {
  const copy = { ...array, data: array.data.slice() };
  controlNorms({ kind: "fixed", targets: [lengths] }, [copy], []);
  return copy;
}
