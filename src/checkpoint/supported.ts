import { CoinageError } from "../errors/index.ts";

type Config = Readonly<Record<string, unknown>> | undefined;

/** Config fields that must be absent, null or false, because they change the network. Source: checkpoints.md section 4.2. */
const unsupportedUnetFields = [
  "class_embed_type",
  "num_class_embeds",
  "time_cond_proj_dim",
  "encoder_hid_dim",
  "encoder_hid_dim_type",
  "dual_cross_attention",
  "only_cross_attention",
  "mid_block_only_cross_attention",
  "time_embedding_act_fn",
  "timestep_post_act",
  "cross_attention_norm",
  "center_input_sample",
  "resnet_skip_time_act",
];
const unsupportedVaeFields = ["shift_factor", "latents_mean", "latents_std"];
const neededVaeFields = ["use_quant_conv", "use_post_quant_conv", "mid_block_add_attention"];

/** @throws CHECKPOINT_FOREIGN for a network whose config asks for parts that are not built here. */
export function refuseUnsupportedConfig(component: "unet" | "vae", config: Config, where: string): void {
  const fields = component === "unet" ? unsupportedUnetFields : unsupportedVaeFields;
  const set = fields.find(
    (field) => config?.[field] !== undefined && config[field] !== null && config[field] !== false,
  );
  if (set) throw foreign(`The config of ${where} sets "${set}" to ${JSON.stringify(config?.[set])}.`);
  const unset = component === "vae" ? neededVaeFields.find((field) => config?.[field] === false) : undefined;
  if (unset) throw foreign(`The config of ${where} sets "${unset}" to false.`);
}

function foreign(message: string): CoinageError {
  return new CoinageError("CHECKPOINT_FOREIGN", message, {
    hint: "Only ordinary Stable Diffusion 1, 2 and XL base models are supported.",
  });
}
