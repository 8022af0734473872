/** What `--sampler` may be in sd-scripts. */
export const sdScriptsSamplers = [
  "ddim",
  "pndm",
  "lms",
  "euler",
  "euler_a",
  "heun",
  "dpm_2",
  "dpm_2_a",
  "dpmsolver",
  "dpmsolver++",
  "dpmsingle",
  "k_lms",
  "k_euler",
  "k_euler_a",
  "k_dpm_2",
  "k_dpm_2_a",
] as const;

/** What it may be here besides. */
export const ownSamplers = [
  "dpmpp_2m_karras",
  "dpmpp_2m_sde_karras",
  "dpmpp_sde_karras",
  "unipc",
  "lcm",
  "ddpm",
] as const;
