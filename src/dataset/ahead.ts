/** How far work on pictures runs ahead of what waits for it: little, so that never many are in memory. */
export const ahead = {
  /** Batches prepared beside the one that is trained on. */
  batches: 2,
  /** Groups decoded beside the one that the VAE encodes. */
  encodings: 1,
  /** Pictures decoded at once. */
  pictures: 4,
} as const;
