/** Where denoising an existing picture begins. */
export interface ImageToImageStart {
  /** Step at whose noise level noise is added; absent when none is. */
  readonly noiseStep?: number;
  /** First step to run; the number of steps when there is nothing to do. */
  readonly from: number;
}

/** The start for a strength of 0 (the picture itself) to 1 (anew), as diffusers has it: noise to where the first step begins. */
export function imageToImageStart(steps: number, strength: number): ImageToImageStart {
  const from = steps - Math.min(steps, Math.floor(steps * strength));
  return from === steps ? { from } : { noiseStep: from, from };
}

/** The start as sd-scripts computes it: with an offset of 1 it adds the noise of one step earlier than it begins.
 *  differs from sd-scripts: counts steps also for samplers of several evaluations a step, whose longer lists it mixes up, and adds no
 *  noise where its index wraps around to the largest. */
export function sdScriptsImageToImageStart(steps: number, strength: number, stepsOffset: number): ImageToImageStart {
  const count = Math.min(Math.floor(steps * strength) + stepsOffset, steps);
  if (count === 0) return { from: steps };
  return { noiseStep: steps - count, from: Math.max(steps - count + stepsOffset, 0) };
}
