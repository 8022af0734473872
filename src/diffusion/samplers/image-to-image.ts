/** Where denoising an existing image begins. */
export interface ImageToImageStart {
  /** Step at whose noise level noise is added; absent when none is. */
  readonly noiseStep?: number;
  /** First step to run; the number of steps when there is nothing to do. */
  readonly from: number;
}

/** The start for a strength of 0 (the image itself) to 1 (anew), as sd-scripts computes it: with an offset of 1, the noise is that of one step
 *  earlier than the first. Source: sd-scripts `gen_img.py`, PipelineLike.__call__.
 *  differs from sd-scripts: image to image with a sampler of two evaluations a step begins at a wrong step, because the index into the longer list of timesteps counts evaluations.
 *  coinage: the strength counts steps with every sampler.
 *  because: a strength means the same share of the steps whatever the sampler. */
export function imageToImageStart(steps: number, strength: number, stepsOffset: number): ImageToImageStart {
  const count = Math.min(Math.floor(steps * strength) + stepsOffset, steps);
  // differs from sd-scripts: image to image with a strength too small for a single step adds the noise of the first step, because an index wraps around.
  // coinage: an image with such a strength stays free of noise.
  // because: a small strength is to change little.
  if (count === 0) return { from: steps };
  return { noiseStep: steps - count, from: Math.max(steps - count + stepsOffset, 0) };
}
