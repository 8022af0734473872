import { CoinageError, nearestName } from "../../errors/index.ts";
import { ddim, ddpm, lcm } from "./ddpm.ts";
import {
  dpmpp2mKarras,
  dpmpp2mSdeKarras,
  dpmppSdeKarras,
  dpmSingle,
  dpmSolver,
  dpmSolverPlusPlus,
} from "./dpm-solver.ts";
import { dpm2, dpm2Ancestral, euler, eulerAncestral, heun, lms } from "./k-diffusion.ts";
import { pndm } from "./pndm.ts";
import { type Sampler, type SamplerFactory, type SamplerSettings, samplerOf } from "./sampler.ts";
import { checkSteps } from "./spacing.ts";
import { unipc } from "./unipc.ts";

const factories = {
  ddim,
  pndm,
  lms,
  euler,
  euler_a: eulerAncestral,
  heun,
  dpm_2: dpm2,
  dpm_2_a: dpm2Ancestral,
  dpmsolver: dpmSolver,
  "dpmsolver++": dpmSolverPlusPlus,
  dpmsingle: dpmSingle,
  k_lms: lms,
  k_euler: euler,
  k_euler_a: eulerAncestral,
  k_dpm_2: dpm2,
  k_dpm_2_a: dpm2Ancestral,
  dpmpp_2m_karras: dpmpp2mKarras,
  dpmpp_2m_sde_karras: dpmpp2mSdeKarras,
  dpmpp_sde_karras: dpmppSdeKarras,
  unipc,
  lcm,
  ddpm,
} as const satisfies Readonly<Record<string, SamplerFactory>>;

/** sd-scripts' sampler names, and our own for samplers that it lacks. */
export type SamplerName = keyof typeof factories;

export const samplerNames = Object.keys(factories) as readonly SamplerName[];

/** @throws SAMPLER_UNKNOWN */
export function samplerName(name: string): SamplerName {
  if (Object.hasOwn(factories, name)) return name as SamplerName;
  const near = nearestName(name, samplerNames);
  throw new CoinageError("SAMPLER_UNKNOWN", `There is no sampler "${name}".`, {
    hint: `${near ? `Did you mean ${near}? ` : ""}The samplers are: ${samplerNames.join(", ")}.`,
  });
}

/** @throws SAMPLER_STEPS */
export function createSampler(name: SamplerName, settings: SamplerSettings): Sampler {
  checkSteps(settings.steps);
  return samplerOf(factories[name](settings));
}

/** Approximate number of network evaluations in `steps` steps. */
export function evaluationsOf(name: SamplerName, steps: number): number {
  const isOfSecondOrder = [heun, dpm2, dpm2Ancestral].some((factory) => factory === factories[name]);
  return isOfSecondOrder ? 2 * steps - 1 : steps;
}

/** The constants that sd-scripts sets: generation shifts the timesteps of most samplers by 1; samples during training use the defaults of diffusers.
 *  Source: sd-scripts `gen_img.py` and `library/train_util.py` get_my_scheduler. */
export function samplerDefaults(
  name: SamplerName,
  use: "generation" | "preview",
): Pick<SamplerSettings, "stepsOffset" | "clipSample"> {
  if (use === "generation") return { stepsOffset: name === "dpmsingle" ? 0 : 1, clipSample: false };
  return { stepsOffset: 0, clipSample: name === "ddim" || name === "heun" };
}
