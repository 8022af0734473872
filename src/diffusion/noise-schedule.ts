/** Number of timesteps of the noise schedule. */
export const numTrainTimesteps = 1000;
const betaStart = 0.00085;
const betaEnd = 0.012;

/** How noisy the latents are at each of the 1000 training timesteps. All tables are float32, as PyTorch computes them. */
export interface NoiseSchedule {
  readonly betas: Float32Array;
  /** Share of the variance that is signal at timestep t: the cumulative product of 1 - beta. */
  readonly alphasCumprod: Float32Array;
  /** Signal-to-noise ratio before any zero-terminal-SNR rescaling: sd-scripts weights losses by it. Source: sd-scripts `library/custom_train_functions.py` prepare_scheduler_for_custom_training. */
  readonly snr: Float32Array;
}

/** Stable Diffusion's "scaled linear" schedule; with `zeroTerminalSnr` rescaled so that the last timestep is pure noise.
 *  Source: Lin 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed", algorithm 1. */
export function noiseSchedule(options: { readonly zeroTerminalSnr?: boolean } = {}): NoiseSchedule {
  const betas = scaledLinearBetas();
  const alphasCumprod = cumulativeProduct(betas);
  const snr = alphasCumprod.map((alpha) => Math.fround(Math.sqrt(alpha) / Math.sqrt(Math.fround(1 - alpha))) ** 2);
  if (!options.zeroTerminalSnr) return { betas, alphasCumprod, snr };
  const rescaled = zeroTerminalBetas(alphasCumprod);
  return { betas: rescaled, alphasCumprod: cumulativeProduct(rescaled), snr };
}

function scaledLinearBetas(): Float32Array {
  const start = Math.fround(Math.sqrt(betaStart));
  const end = Math.fround(Math.sqrt(betaEnd));
  const stride = Math.fround(Math.fround(end - start) / (numTrainTimesteps - 1));
  // torch.linspace counts up from the start in the first half and down from the end in the second half
  return Float32Array.from({ length: numTrainTimesteps }, (_, t) => {
    const root = Math.fround(
      t < numTrainTimesteps / 2 ? start + stride * t : end - stride * (numTrainTimesteps - 1 - t),
    );
    return root * root;
  });
}

function cumulativeProduct(betas: Float32Array): Float32Array {
  let product = 1;
  return betas.map((beta) => {
    product *= Math.fround(1 - beta);
    return product;
  });
}

function zeroTerminalBetas(alphasCumprod: Float32Array): Float32Array {
  const roots = alphasCumprod.map(Math.sqrt);
  const first = roots[0]!;
  const last = roots.at(-1)!;
  const stretch = Math.fround(first / Math.fround(first - last));
  const rescaled = roots.map((root) => Math.fround(Math.fround(root - last) * stretch) ** 2);
  return rescaled.map((alpha, t) => 1 - (t === 0 ? alpha : Math.fround(alpha / rescaled[t - 1]!)));
}
