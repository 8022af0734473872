/** The predicted original, clamped to -1..1 when asked for. */
export function clipped(original: Float64Array, clip: boolean): Float64Array {
  return clip ? original.map((value) => Math.min(1, Math.max(-1, value))) : original;
}
