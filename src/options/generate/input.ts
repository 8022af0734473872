// Made from the table of flags by `npm run docs`.

/**
 * Settings for generating images: the flags of `coinage generate` in camelCase.
 * What is left out or undefined has the default of sd-scripts.
 */
export interface GenerateInput {
  // Prompts

  /**
   * The prompt. Options may follow it: "a photo of mycat --n blurry --w 640 --s 30 --d 42".
   * Flag: `--prompt`
   */
  readonly prompt?: string | undefined;

  /**
   * Text file with a prompt on every line.
   * Flag: `--from_file`
   */
  readonly fromFile?: string | undefined;

  /**
   * Python module that makes prompts.
   * Refused: it names Python code, and no Python runs here; write the prompts to a file and give it with --from_file.
   * Flag: `--from_module`
   */
  readonly fromModule?: string | undefined;

  /**
   * Settings of that module.
   * No effect here: it belongs to --from_module.
   * Flag: `--prompter_module_args`
   */
  readonly prompterModuleArgs?: string | undefined;

  /**
   * Ask for prompts one after another and draw each at once; the end of the input ends the run.
   * Flag: `--interactive`
   */
  readonly interactive?: boolean | undefined;

  /**
   * No preview window when prompts are asked for.
   * No effect here: there is no preview window.
   * Flag: `--no_preview`
   */
  readonly noPreview?: boolean | undefined;

  /**
   * Pictures for each prompt.
   * Flag: `--images_per_prompt`
   * @defaultValue `1`
   */
  readonly imagesPerPrompt?: number | undefined;

  /**
   * How often the whole list of prompts is drawn.
   * Flag: `--n_iter`
   * @defaultValue `1`
   */
  readonly nIter?: number | undefined;

  /**
   * Draw the prompts in another order every time.
   * Flag: `--shuffle_prompts`
   */
  readonly shufflePrompts?: boolean | undefined;

  /**
   * Longest prompt in pieces of 75 tokens; 1 unless said.
   * Flag: `--max_embeddings_multiples`
   */
  readonly maxEmbeddingsMultiples?: number | undefined;

  /**
   * How the mean of a prompt is kept when words are weighted.
   * Flag: `--emb_normalize_mode`
   * @defaultValue `original`
   */
  readonly embNormalizeMode?: "original" | "none" | "abs" | undefined;

  // Model and embeddings

  /**
   * The Stable Diffusion model: a .safetensors or .ckpt file, a Diffusers folder, or a pattern that fits one file.
   * Flag: `--ckpt`
   */
  readonly pretrainedModelNameOrPath?: string | undefined;
  /** Another name of `pretrainedModelNameOrPath`. */
  readonly ckpt?: string | undefined;

  /**
   * Another VAE than the model's own.
   * Flag: `--vae`
   */
  readonly vae?: string | undefined;

  /**
   * Embedding files. Each one's file name without extension is its word in prompts; WORD=FILE gives it another.
   * Flag: `--textual_inversion_embeddings`
   */
  readonly textualInversionEmbeddings?: readonly string[] | undefined;

  /**
   * The same with vectors for each cross-attention layer of the U-Net (P+, XTI), as training with --xti makes them.
   * Stable Diffusion 1 and 2 only.
   * Flag: `--XTI_embeddings`
   */
  readonly xtiEmbeddings?: readonly string[] | undefined;
  /** Another name of `xtiEmbeddings`. */
  readonly XTIEmbeddings?: readonly string[] | undefined;

  /**
   * The model is an SDXL; found out from its weights unless said.
   * Flag: `--sdxl`
   */
  readonly sdxl?: boolean | undefined;

  /**
   * The model is a Stable Diffusion 1.x.
   * Flag: `--v1`
   */
  readonly v1?: boolean | undefined;

  /**
   * The model is a Stable Diffusion 2.x.
   * Flag: `--v2`
   */
  readonly v2?: boolean | undefined;

  /**
   * The model predicts velocity instead of noise.
   * Flag: `--v_parameterization`
   */
  readonly vParameterization?: boolean | undefined;

  /**
   * Rescale the noise schedule so that the last timestep is pure noise.
   * Flag: `--zero_terminal_snr`
   */
  readonly zeroTerminalSnr?: boolean | undefined;

  /**
   * Take the text encoder's output this many layers from the end. Unless said 1, for SDXL 2.
   * Flag: `--clip_skip`
   */
  readonly clipSkip?: number | undefined;

  /**
   * Folder to keep tokenizer files in.
   * No effect here: the tokenizer's files are part of this program.
   * Flag: `--tokenizer_cache_dir`
   */
  readonly tokenizerCacheDir?: string | undefined;

  // Sampling

  /**
   * Width, a multiple of 8; 512 unless said, for SDXL 1024.
   * Flag: `--W`
   */
  readonly width?: number | undefined;
  /** Another name of `width`. */
  readonly W?: number | undefined;

  /**
   * Height, a multiple of 8; 512 unless said, for SDXL 1024.
   * Flag: `--H`
   */
  readonly height?: number | undefined;
  /** Another name of `height`. */
  readonly H?: number | undefined;

  /**
   * Pictures computed at once.
   * Flag: `--batch_size`
   * @defaultValue `1`
   */
  readonly batchSize?: number | undefined;

  /**
   * Sampling steps.
   * Flag: `--steps`
   * @defaultValue `50`
   */
  readonly steps?: number | undefined;

  /**
   * Sampler. Those from dpmpp_2m_karras on are not in sd-scripts.
   * Flag: `--sampler`
   * @defaultValue `ddim`
   */
  readonly sampler?:
    | "ddim"
    | "pndm"
    | "lms"
    | "euler"
    | "euler_a"
    | "heun"
    | "dpm_2"
    | "dpm_2_a"
    | "dpmsolver"
    | "dpmsolver++"
    | "dpmsingle"
    | "k_lms"
    | "k_euler"
    | "k_euler_a"
    | "k_dpm_2"
    | "k_dpm_2_a"
    | "dpmpp_2m_karras"
    | "dpmpp_2m_sde_karras"
    | "dpmpp_sde_karras"
    | "unipc"
    | "lcm"
    | "ddpm"
    | undefined;

  /**
   * Guidance: how closely the prompt is followed. Up to 1 there is none.
   * Flag: `--scale`
   * @defaultValue `7.5`
   */
  readonly guidanceScale?: number | undefined;
  /** Another name of `guidanceScale`. */
  readonly scale?: number | undefined;

  /**
   * Guidance of its own for the negative prompt.
   * Flag: `--negative_scale`
   */
  readonly negativeScale?: number | undefined;

  /**
   * Start of all random numbers. Without one, or with -1, every run is different.
   * Flag: `--seed`
   */
  readonly seed?: number | undefined;

  /**
   * The same seed for all pictures of one time through the prompts.
   * Flag: `--iter_same_seed`
   */
  readonly iterSameSeed?: boolean | undefined;

  /**
   * How often coarser noise is added to the start.
   * Flag: `--pyramid_noise_prob`
   */
  readonly pyramidNoiseProb?: number | undefined;

  /**
   * How much weaker each coarser level is: drawn between these two.
   * Flag: `--pyramid_noise_discount_range`
   */
  readonly pyramidNoiseDiscountRange?: readonly [number, number] | undefined;

  /**
   * How often a noise that is constant over each channel is added.
   * Flag: `--noise_offset_prob`
   */
  readonly noiseOffsetProb?: number | undefined;

  /**
   * Strength of that noise: drawn between these two.
   * Flag: `--noise_offset_range`
   */
  readonly noiseOffsetRange?: readonly [number, number] | undefined;

  // Size conditions of SDXL

  /**
   * Width the model is told the picture had; the real one unless said.
   * Flag: `--original_width`
   */
  readonly originalWidth?: number | undefined;

  /**
   * Height the model is told the picture had.
   * Flag: `--original_height`
   */
  readonly originalHeight?: number | undefined;

  /**
   * The same for the negative prompt.
   * Flag: `--original_width_negative`
   */
  readonly originalWidthNegative?: number | undefined;

  /**
   * The same for the negative prompt.
   * Flag: `--original_height_negative`
   */
  readonly originalHeightNegative?: number | undefined;

  /**
   * Left edge the model is told was cut away; 0 unless said.
   * Flag: `--crop_left`
   */
  readonly cropLeft?: number | undefined;

  /**
   * Upper edge the model is told was cut away.
   * Flag: `--crop_top`
   */
  readonly cropTop?: number | undefined;

  // Files

  /**
   * Folder for the pictures; made when it is not there.
   * Flag: `--outdir`
   * @defaultValue `outputs`
   */
  readonly outputDir?: string | undefined;
  /** Another name of `outputDir`. */
  readonly outdir?: string | undefined;

  /**
   * Number the files: im_000001.png, im_000002.png.
   * Flag: `--sequential_file_name`
   */
  readonly sequentialFileName?: boolean | undefined;

  /**
   * Name a file after the picture it was made from.
   * Flag: `--use_original_file_name`
   */
  readonly useOriginalFileName?: boolean | undefined;

  // From a picture

  /**
   * Picture, or folder of pictures, to start from.
   * Flag: `--image_path`
   */
  readonly imagePath?: string | undefined;

  /**
   * Mask, or folder of masks: what is white is drawn anew.
   * Flag: `--mask_path`
   */
  readonly maskPath?: string | undefined;

  /**
   * How much of the picture is drawn anew, 0 to 1; 0.8 unless said.
   * Flag: `--strength`
   */
  readonly strength?: number | undefined;

  /**
   * Begin at exactly the timestep the strength says.
   * Flag: `--force_scheduler_zero_steps_offset`
   */
  readonly forceSchedulerZeroStepsOffset?: boolean | undefined;

  // Large pictures

  /**
   * Draw at this share of the size first, enlarge that and draw on.
   * Flag: `--highres_fix_scale`
   */
  readonly highresFixScale?: number | undefined;

  /**
   * Sampling steps of the small picture.
   * Flag: `--highres_fix_steps`
   * @defaultValue `28`
   */
  readonly highresFixSteps?: number | undefined;

  /**
   * Strength for the small picture; as --strength unless said.
   * Flag: `--highres_fix_strength`
   */
  readonly highresFixStrength?: number | undefined;

  /**
   * Write the small pictures too.
   * Flag: `--highres_fix_save_1st`
   */
  readonly highresFixSave1st?: boolean | undefined;

  /**
   * Enlarge latents instead of the picture.
   * Flag: `--highres_fix_latents_upscaling`
   */
  readonly highresFixLatentsUpscaling?: boolean | undefined;

  /**
   * Python module that enlarges.
   * Refused: upscalers are Python modules, and no Python runs here.
   * Flag: `--highres_fix_upscaler`
   */
  readonly highresFixUpscaler?: string | undefined;

  /**
   * Settings of that module.
   * No effect here: it belongs to --highres_fix_upscaler.
   * Flag: `--highres_fix_upscaler_args`
   */
  readonly highresFixUpscalerArgs?: string | undefined;

  /**
   * No ControlNet for the large picture.
   * No effect here: there is no ControlNet to turn off.
   * Flag: `--highres_fix_disable_control_net`
   */
  readonly highresFixDisableControlNet?: boolean | undefined;

  // Precision, speed and memory

  /**
   * Pictures the VAE takes at once; below 1 a share of the batch, the whole batch unless said.
   * Flag: `--vae_batch_size`
   */
  readonly vaeBatchSize?: number | undefined;

  /**
   * Bands of a picture the VAE works on one after another, to save memory; unless said 1, and 8 for more than 512 x
   * 512 pixels.
   * Flag: `--vae_slices`
   */
  readonly vaeSlices?: number | undefined;

  /**
   * Compute the VAE in float32 even with --fp16 or --bf16.
   * No effect here: the VAE is computed in float32 in any case.
   * Flag: `--no_half_vae`
   */
  readonly noHalfVae?: boolean | undefined;

  /**
   * Compute convolutions, matrix products and attention in float16 on GPUs; the processor computes in float32.
   * Flag: `--fp16`
   */
  readonly fp16?: boolean | undefined;

  /**
   * As --fp16: the runtime has no convolutions in bfloat16.
   * Flag: `--bf16`
   */
  readonly bf16?: boolean | undefined;

  /**
   * Attention of the xformers library.
   * No effect here: attention here never builds the full score matrix anyway.
   * Flag: `--xformers`
   */
  readonly xformers?: boolean | undefined;

  /**
   * PyTorch's own fused attention.
   * No effect here: attention here never builds the full score matrix anyway.
   * Flag: `--sdpa`
   */
  readonly sdpa?: boolean | undefined;

  /**
   * Attention of xformers by way of diffusers.
   * No effect here: attention here never builds the full score matrix anyway.
   * Flag: `--diffusers_xformers`
   */
  readonly diffusersXformers?: boolean | undefined;

  /**
   * Keep channels last in memory.
   * No effect here: the runtime chooses the layout in memory by itself.
   * Flag: `--opt_channels_last`
   */
  readonly optChannelsLast?: boolean | undefined;

  // Console

  /**
   * How much is told: with WARNING only warnings, with ERROR and CRITICAL nothing but what ends the command. INFO
   * unless said.
   * Flag: `--console_log_level`
   */
  readonly consoleLogLevel?: "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL" | undefined;

  /**
   * File for messages in place of the terminal, written anew. Results and what ends the command stay on the terminal.
   * Flag: `--console_log_file`
   */
  readonly consoleLogFile?: string | undefined;

  /**
   * Plain lines: no colour, and no line that is written over.
   * Flag: `--console_log_simple`
   */
  readonly consoleLogSimple?: boolean | undefined;

  // LoRA and other networks

  /**
   * Kinds of the networks.
   * Refused: LoRA and other networks cannot be used yet; merge them into the model first and draw with that.
   * Flag: `--network_module`
   */
  readonly networkModule?: readonly string[] | undefined;

  /**
   * Files of the networks.
   * Refused: LoRA and other networks cannot be used yet; merge them into the model first and draw with that.
   * Flag: `--network_weights`
   */
  readonly networkWeights?: readonly string[] | undefined;

  /**
   * Their strengths.
   * Refused: LoRA and other networks cannot be used yet; merge them into the model first and draw with that.
   * Flag: `--network_mul`
   */
  readonly networkMul?: readonly number[] | undefined;

  /**
   * Their settings, each as key=value.
   * Refused: LoRA and other networks cannot be used yet; merge them into the model first and draw with that.
   * Flag: `--network_args`
   */
  readonly networkArgs?: readonly string[] | undefined;

  /**
   * Show their metadata.
   * Refused: LoRA and other networks cannot be used yet; merge them into the model first and draw with that.
   * Flag: `--network_show_meta`
   */
  readonly networkShowMeta?: boolean | undefined;

  /**
   * Add them to the model's weights.
   * Refused: LoRA and other networks cannot be used yet; merge them into the model first and draw with that.
   * Flag: `--network_merge`
   */
  readonly networkMerge?: boolean | undefined;

  /**
   * Add only the first so many to the model's weights.
   * Refused: LoRA and other networks cannot be used yet; merge them into the model first and draw with that.
   * Flag: `--network_merge_n_models`
   */
  readonly networkMergeNModels?: number | undefined;

  /**
   * Compute their weights beforehand.
   * Refused: LoRA and other networks cannot be used yet; merge them into the model first and draw with that.
   * Flag: `--network_pre_calc`
   */
  readonly networkPreCalc?: boolean | undefined;

  /**
   * Number of colours in a mask that gives each network its region.
   * Refused: LoRA and other networks cannot be used yet; merge them into the model first and draw with that.
   * Flag: `--network_regional_mask_max_color_codes`
   */
  readonly networkRegionalMaskMaxColorCodes?: number | undefined;

  // ControlNet and other guidance

  /**
   * Pictures that guide the drawing.
   * Refused: ControlNet cannot be used yet; --image_path starts from a picture, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--guide_image_path`
   */
  readonly guideImagePath?: readonly string[] | undefined;

  /**
   * ControlNet files.
   * Refused: ControlNet cannot be used yet; --image_path starts from a picture, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_models`
   */
  readonly controlNetModels?: readonly string[] | undefined;

  /**
   * How the guiding picture is prepared for each.
   * Refused: ControlNet cannot be used yet; --image_path starts from a picture, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_preps`
   */
  readonly controlNetPreps?: readonly string[] | undefined;

  /**
   * Their strengths.
   * Refused: ControlNet cannot be used yet; --image_path starts from a picture, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_multipliers`
   */
  readonly controlNetMultipliers?: readonly number[] | undefined;

  /**
   * Older name of --control_net_multipliers.
   * Refused: ControlNet cannot be used yet; --image_path starts from a picture, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_weights`
   */
  readonly controlNetWeights?: readonly number[] | undefined;

  /**
   * Share of the steps during which each acts.
   * Refused: ControlNet cannot be used yet; --image_path starts from a picture, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_ratios`
   */
  readonly controlNetRatios?: readonly number[] | undefined;

  /**
   * ControlNet-LLLite files.
   * Refused: ControlNet cannot be used yet; --image_path starts from a picture, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_lllite_models`
   */
  readonly controlNetLlliteModels?: readonly string[] | undefined;

  /**
   * Strength of a picture used as a prompt.
   * Refused: pictures are guided by the prompt only; weights such as (word:1.3) and --negative_scale make it stronger.
   * Flag: `--clip_vision_strength`
   */
  readonly clipVisionStrength?: number | undefined;

  /**
   * Guidance by CLIP from a text.
   * Refused: pictures are guided by the prompt only; weights such as (word:1.3) and --negative_scale make it stronger.
   * Flag: `--clip_guidance_scale`
   * @defaultValue `0`
   */
  readonly clipGuidanceScale?: number | undefined;

  /**
   * Guidance by CLIP from a picture.
   * Refused: pictures are guided by the prompt only; weights such as (word:1.3) and --negative_scale make it stronger.
   * Flag: `--clip_image_guidance_scale`
   * @defaultValue `0`
   */
  readonly clipImageGuidanceScale?: number | undefined;

  /**
   * Guidance by VGG16 from a picture.
   * Refused: pictures are guided by the prompt only; weights such as (word:1.3) and --negative_scale make it stronger.
   * Flag: `--vgg16_guidance_scale`
   * @defaultValue `0`
   */
  readonly vgg16GuidanceScale?: number | undefined;

  /**
   * Layer of VGG16 to compare.
   * Refused: pictures are guided by the prompt only; weights such as (word:1.3) and --negative_scale make it stronger.
   * Flag: `--vgg16_guidance_layer`
   * @defaultValue `20`
   */
  readonly vgg16GuidanceLayer?: number | undefined;

  // Deep Shrink and Gradual Latent

  /**
   * Deep Shrink: block that shrinks.
   * Refused: Deep Shrink is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--ds_depth_1`
   */
  readonly dsDepth1?: number | undefined;

  /**
   * Down to this timestep.
   * Refused: Deep Shrink is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--ds_timesteps_1`
   * @defaultValue `650`
   */
  readonly dsTimesteps1?: number | undefined;

  /**
   * Block that shrinks after that.
   * Refused: Deep Shrink is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--ds_depth_2`
   */
  readonly dsDepth2?: number | undefined;

  /**
   * Down to this timestep.
   * Refused: Deep Shrink is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--ds_timesteps_2`
   * @defaultValue `650`
   */
  readonly dsTimesteps2?: number | undefined;

  /**
   * How much it shrinks.
   * Refused: Deep Shrink is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--ds_ratio`
   * @defaultValue `0.5`
   */
  readonly dsRatio?: number | undefined;

  /**
   * Gradual Latent: timestep from which latents grow.
   * Refused: Gradual Latent is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--gradual_latent_timesteps`
   */
  readonly gradualLatentTimesteps?: number | undefined;

  /**
   * Size at the start.
   * Refused: Gradual Latent is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--gradual_latent_ratio`
   * @defaultValue `0.5`
   */
  readonly gradualLatentRatio?: number | undefined;

  /**
   * Growth.
   * Refused: Gradual Latent is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--gradual_latent_ratio_step`
   * @defaultValue `0.125`
   */
  readonly gradualLatentRatioStep?: number | undefined;

  /**
   * Steps between growth.
   * Refused: Gradual Latent is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--gradual_latent_every_n_steps`
   * @defaultValue `3`
   */
  readonly gradualLatentEveryNSteps?: number | undefined;

  /**
   * Strength of the noise of a new size.
   * Refused: Gradual Latent is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--gradual_latent_s_noise`
   * @defaultValue `1`
   */
  readonly gradualLatentSNoise?: number | undefined;

  /**
   * How grown latents are sharpened.
   * Refused: Gradual Latent is not there yet; --highres_fix_scale draws large pictures in two goes.
   * Flag: `--gradual_latent_unsharp_params`
   */
  readonly gradualLatentUnsharpParams?: string | undefined;

  // Not in sd-scripts

  /**
   * Where to compute; auto takes the fastest that works.
   * Flag: `--device`
   * @defaultValue `auto`
   */
  readonly device?: "auto" | "cpu" | "webgpu" | "cuda" | "dml" | "coreml" | undefined;

  /**
   * Processor threads to use; all cores unless said.
   * Flag: `--threads`
   */
  readonly threads?: number | undefined;

  /**
   * File that gets every event of the run as a line of JSON.
   * Flag: `--events`
   */
  readonly events?: string | undefined;

  /**
   * Write all pictures of the run as one, too: sheet_TIME.png.
   * Flag: `--sheet`
   */
  readonly sheet?: boolean | undefined;

  /**
   * After every so many steps write what is being drawn to coinage-preview.png in the output folder; it goes with the
   * end of the run.
   * Flag: `--preview_every_n_steps`
   */
  readonly previewEveryNSteps?: number | undefined;
}
