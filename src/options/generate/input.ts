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
   * Text file with one prompt per line.
   * Flag: `--from_file`
   */
  readonly fromFile?: string | undefined;

  /**
   * Python module that generates prompts.
   * Not supported: it names Python code, and coinage runs no Python; write the prompts to a file and pass it with
   * --from_file.
   * Flag: `--from_module`
   */
  readonly fromModule?: string | undefined;

  /**
   * Arguments of that module.
   * No effect: it belongs to --from_module.
   * Flag: `--prompter_module_args`
   */
  readonly prompterModuleArgs?: string | undefined;

  /**
   * Ask for prompts one at a time and generate each at once; the end of the input ends the run.
   * Flag: `--interactive`
   */
  readonly interactive?: boolean | undefined;

  /**
   * Show no preview window in interactive mode.
   * No effect: coinage has no preview window.
   * Flag: `--no_preview`
   */
  readonly noPreview?: boolean | undefined;

  /**
   * Number of images for each prompt.
   * Flag: `--images_per_prompt`
   * @defaultValue `1`
   */
  readonly imagesPerPrompt?: number | undefined;

  /**
   * Number of times to go through the list of prompts.
   * Flag: `--n_iter`
   * @defaultValue `1`
   */
  readonly nIter?: number | undefined;

  /**
   * Shuffle the prompts every time.
   * Flag: `--shuffle_prompts`
   */
  readonly shufflePrompts?: boolean | undefined;

  /**
   * Longest prompt, in chunks of 75 tokens. Default: 1.
   * Flag: `--max_embeddings_multiples`
   */
  readonly maxEmbeddingsMultiples?: number | undefined;

  /**
   * How the mean of the text encoder's output is restored when words are weighted.
   * Flag: `--emb_normalize_mode`
   * @defaultValue `original`
   */
  readonly embNormalizeMode?: "original" | "none" | "abs" | undefined;

  // Model and embeddings

  /**
   * The Stable Diffusion model: a .safetensors or .ckpt file, a Diffusers folder, or a pattern that matches one file.
   * Flag: `--ckpt`
   */
  readonly pretrainedModelNameOrPath?: string | undefined;
  /** Another name of `pretrainedModelNameOrPath`. */
  readonly ckpt?: string | undefined;

  /**
   * VAE to use instead of the model's own.
   * Flag: `--vae`
   */
  readonly vae?: string | undefined;

  /**
   * Embedding files. The file name without extension is the word in prompts; WORD=FILE sets another.
   * Flag: `--textual_inversion_embeddings`
   */
  readonly textualInversionEmbeddings?: readonly string[] | undefined;

  /**
   * Embedding files with vectors for each cross-attention layer of the U-Net (P+, XTI), from training with --xti.
   * Stable Diffusion 1 and 2 only.
   * Flag: `--XTI_embeddings`
   */
  readonly xtiEmbeddings?: readonly string[] | undefined;
  /** Another name of `xtiEmbeddings`. */
  readonly XTIEmbeddings?: readonly string[] | undefined;

  /**
   * The model is SDXL. By default the kind of model is detected from the weights.
   * Flag: `--sdxl`
   */
  readonly sdxl?: boolean | undefined;

  /**
   * The model is Stable Diffusion 1.x.
   * Flag: `--v1`
   */
  readonly v1?: boolean | undefined;

  /**
   * The model is Stable Diffusion 2.x.
   * Flag: `--v2`
   */
  readonly v2?: boolean | undefined;

  /**
   * The model predicts velocity instead of noise (v-prediction).
   * Flag: `--v_parameterization`
   */
  readonly vParameterization?: boolean | undefined;

  /**
   * Rescale the noise schedule so that the last timestep is pure noise.
   * Flag: `--zero_terminal_snr`
   */
  readonly zeroTerminalSnr?: boolean | undefined;

  /**
   * Use the text encoder's output this many layers from the end. Default: 1, for SDXL 2.
   * Flag: `--clip_skip`
   */
  readonly clipSkip?: number | undefined;

  /**
   * Folder for cached tokenizer files.
   * No effect: the tokenizer comes with coinage.
   * Flag: `--tokenizer_cache_dir`
   */
  readonly tokenizerCacheDir?: string | undefined;

  // Sampling

  /**
   * Width in pixels, a multiple of 8. Default: 512, for SDXL 1024.
   * Flag: `--W`
   */
  readonly width?: number | undefined;
  /** Another name of `width`. */
  readonly W?: number | undefined;

  /**
   * Height in pixels, a multiple of 8. Default: 512, for SDXL 1024.
   * Flag: `--H`
   */
  readonly height?: number | undefined;
  /** Another name of `height`. */
  readonly H?: number | undefined;

  /**
   * Number of images generated at once.
   * Flag: `--batch_size`
   * @defaultValue `1`
   */
  readonly batchSize?: number | undefined;

  /**
   * Number of sampling steps.
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
   * Guidance scale: how closely the prompt is followed. 1 or less means no guidance.
   * Flag: `--scale`
   * @defaultValue `7.5`
   */
  readonly guidanceScale?: number | undefined;
  /** Another name of `guidanceScale`. */
  readonly scale?: number | undefined;

  /**
   * Separate guidance scale for the negative prompt.
   * Flag: `--negative_scale`
   */
  readonly negativeScale?: number | undefined;

  /**
   * Seed of all random numbers. Without one, or with -1, every run is different.
   * Flag: `--seed`
   */
  readonly seed?: number | undefined;

  /**
   * Use the same seed for all images of one pass through the prompts.
   * Flag: `--iter_same_seed`
   */
  readonly iterSameSeed?: boolean | undefined;

  /**
   * Probability of adding coarser noise to the initial noise (pyramid noise).
   * Flag: `--pyramid_noise_prob`
   */
  readonly pyramidNoiseProb?: number | undefined;

  /**
   * Factor by which each coarser level is weaker: drawn between these two.
   * Flag: `--pyramid_noise_discount_range`
   */
  readonly pyramidNoiseDiscountRange?: readonly [number, number] | undefined;

  /**
   * Probability of adding noise that is constant over each channel.
   * Flag: `--noise_offset_prob`
   */
  readonly noiseOffsetProb?: number | undefined;

  /**
   * Strength of that noise: drawn between these two.
   * Flag: `--noise_offset_range`
   */
  readonly noiseOffsetRange?: readonly [number, number] | undefined;

  // SDXL size conditioning

  /**
   * Original width for SDXL's size conditioning. Default: the image's width.
   * Flag: `--original_width`
   */
  readonly originalWidth?: number | undefined;

  /**
   * Original height for SDXL's size conditioning. Default: the image's height.
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
   * Left crop coordinate for SDXL's size conditioning. Default: 0.
   * Flag: `--crop_left`
   */
  readonly cropLeft?: number | undefined;

  /**
   * Top crop coordinate for SDXL's size conditioning. Default: 0.
   * Flag: `--crop_top`
   */
  readonly cropTop?: number | undefined;

  // Files

  /**
   * Folder for the images; created if missing.
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
   * Name each file after its input image.
   * Flag: `--use_original_file_name`
   */
  readonly useOriginalFileName?: boolean | undefined;

  // Image to image

  /**
   * Image, or folder of images, to start from (image to image).
   * Flag: `--image_path`
   */
  readonly imagePath?: string | undefined;

  /**
   * Mask, or folder of masks: white areas are generated anew (inpainting).
   * Flag: `--mask_path`
   */
  readonly maskPath?: string | undefined;

  /**
   * How much of the image is changed, 0 to 1. Default: 0.8.
   * Flag: `--strength`
   */
  readonly strength?: number | undefined;

  /**
   * Start at exactly the timestep given by the strength.
   * Flag: `--force_scheduler_zero_steps_offset`
   */
  readonly forceSchedulerZeroStepsOffset?: boolean | undefined;

  // Large images (highres fix)

  /**
   * Generate at this fraction of the size first, then enlarge and refine the result.
   * Flag: `--highres_fix_scale`
   */
  readonly highresFixScale?: number | undefined;

  /**
   * Number of sampling steps of the first pass.
   * Flag: `--highres_fix_steps`
   * @defaultValue `28`
   */
  readonly highresFixSteps?: number | undefined;

  /**
   * Strength of the first pass. Default: --strength.
   * Flag: `--highres_fix_strength`
   */
  readonly highresFixStrength?: number | undefined;

  /**
   * Also write the images of the first pass.
   * Flag: `--highres_fix_save_1st`
   */
  readonly highresFixSave1st?: boolean | undefined;

  /**
   * Enlarge the latents instead of the image.
   * Flag: `--highres_fix_latents_upscaling`
   */
  readonly highresFixLatentsUpscaling?: boolean | undefined;

  /**
   * Python module of an upscaler.
   * Not supported: upscalers are Python modules, and coinage runs no Python.
   * Flag: `--highres_fix_upscaler`
   */
  readonly highresFixUpscaler?: string | undefined;

  /**
   * Arguments of that module.
   * No effect: it belongs to --highres_fix_upscaler.
   * Flag: `--highres_fix_upscaler_args`
   */
  readonly highresFixUpscalerArgs?: string | undefined;

  /**
   * Use no ControlNet in the second pass.
   * No effect: ControlNet is not supported, so there is nothing to turn off.
   * Flag: `--highres_fix_disable_control_net`
   */
  readonly highresFixDisableControlNet?: boolean | undefined;

  // Precision, speed and memory

  /**
   * Number of images the VAE takes at once; below 1 a fraction of the batch. Default: the whole batch.
   * Flag: `--vae_batch_size`
   */
  readonly vaeBatchSize?: number | undefined;

  /**
   * Number of bands in which the VAE processes an image to save memory. Default: 1, above 512 x 512 pixels 8.
   * Flag: `--vae_slices`
   */
  readonly vaeSlices?: number | undefined;

  /**
   * Run the VAE in float32 even with --fp16 or --bf16.
   * No effect: the VAE always runs in float32.
   * Flag: `--no_half_vae`
   */
  readonly noHalfVae?: boolean | undefined;

  /**
   * Run convolutions, matrix products and attention in float16 on GPUs. CPUs always use float32.
   * Flag: `--fp16`
   */
  readonly fp16?: boolean | undefined;

  /**
   * Same as --fp16: the runtime has no convolutions in bfloat16.
   * Flag: `--bf16`
   */
  readonly bf16?: boolean | undefined;

  /**
   * Use the attention of the xformers library.
   * No effect: attention never builds the full score matrix anyway.
   * Flag: `--xformers`
   */
  readonly xformers?: boolean | undefined;

  /**
   * Use PyTorch's fused attention.
   * No effect: attention never builds the full score matrix anyway.
   * Flag: `--sdpa`
   */
  readonly sdpa?: boolean | undefined;

  /**
   * Use the attention of xformers through diffusers.
   * No effect: attention never builds the full score matrix anyway.
   * Flag: `--diffusers_xformers`
   */
  readonly diffusersXformers?: boolean | undefined;

  /**
   * Use the channels-last memory layout.
   * No effect: the runtime chooses the memory layout by itself.
   * Flag: `--opt_channels_last`
   */
  readonly optChannelsLast?: boolean | undefined;

  // Console

  /**
   * Which messages are shown: with WARNING only warnings, with ERROR and CRITICAL only the error that ends the
   * command. Default: INFO.
   * Flag: `--console_log_level`
   */
  readonly consoleLogLevel?: "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL" | undefined;

  /**
   * Write messages to this file instead of the terminal; an existing file is overwritten. Results and the error that
   * ends the command stay on the terminal.
   * Flag: `--console_log_file`
   */
  readonly consoleLogFile?: string | undefined;

  /**
   * Plain lines: no colours and no progress line that is redrawn.
   * Flag: `--console_log_simple`
   */
  readonly consoleLogSimple?: boolean | undefined;

  // LoRA and other networks

  /**
   * Modules of the networks.
   * Not supported: LoRA and other networks are not supported yet; merge them into the model first.
   * Flag: `--network_module`
   */
  readonly networkModule?: readonly string[] | undefined;

  /**
   * Files of the networks.
   * Not supported: LoRA and other networks are not supported yet; merge them into the model first.
   * Flag: `--network_weights`
   */
  readonly networkWeights?: readonly string[] | undefined;

  /**
   * Strength of each.
   * Not supported: LoRA and other networks are not supported yet; merge them into the model first.
   * Flag: `--network_mul`
   */
  readonly networkMul?: readonly number[] | undefined;

  /**
   * Arguments of each, as key=value.
   * Not supported: LoRA and other networks are not supported yet; merge them into the model first.
   * Flag: `--network_args`
   */
  readonly networkArgs?: readonly string[] | undefined;

  /**
   * Show their metadata.
   * Not supported: LoRA and other networks are not supported yet; merge them into the model first.
   * Flag: `--network_show_meta`
   */
  readonly networkShowMeta?: boolean | undefined;

  /**
   * Merge them into the model's weights.
   * Not supported: LoRA and other networks are not supported yet; merge them into the model first.
   * Flag: `--network_merge`
   */
  readonly networkMerge?: boolean | undefined;

  /**
   * Merge only the first N into the model's weights.
   * Not supported: LoRA and other networks are not supported yet; merge them into the model first.
   * Flag: `--network_merge_n_models`
   */
  readonly networkMergeNModels?: number | undefined;

  /**
   * Precompute their weights.
   * Not supported: LoRA and other networks are not supported yet; merge them into the model first.
   * Flag: `--network_pre_calc`
   */
  readonly networkPreCalc?: boolean | undefined;

  /**
   * Number of colours in a mask that assigns a region to each network.
   * Not supported: LoRA and other networks are not supported yet; merge them into the model first.
   * Flag: `--network_regional_mask_max_color_codes`
   */
  readonly networkRegionalMaskMaxColorCodes?: number | undefined;

  // ControlNet and other guidance

  /**
   * Guide images.
   * Not supported: ControlNet is not supported yet; --image_path starts from an image, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--guide_image_path`
   */
  readonly guideImagePath?: readonly string[] | undefined;

  /**
   * ControlNet files.
   * Not supported: ControlNet is not supported yet; --image_path starts from an image, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_models`
   */
  readonly controlNetModels?: readonly string[] | undefined;

  /**
   * Preprocessor of the guide image for each.
   * Not supported: ControlNet is not supported yet; --image_path starts from an image, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_preps`
   */
  readonly controlNetPreps?: readonly string[] | undefined;

  /**
   * Strength of each.
   * Not supported: ControlNet is not supported yet; --image_path starts from an image, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_multipliers`
   */
  readonly controlNetMultipliers?: readonly number[] | undefined;

  /**
   * Older name of --control_net_multipliers.
   * Not supported: ControlNet is not supported yet; --image_path starts from an image, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_weights`
   */
  readonly controlNetWeights?: readonly number[] | undefined;

  /**
   * Fraction of the steps during which each is applied.
   * Not supported: ControlNet is not supported yet; --image_path starts from an image, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_ratios`
   */
  readonly controlNetRatios?: readonly number[] | undefined;

  /**
   * ControlNet-LLLite files.
   * Not supported: ControlNet is not supported yet; --image_path starts from an image, and ComfyUI and A1111 read the
   * embeddings.
   * Flag: `--control_net_lllite_models`
   */
  readonly controlNetLlliteModels?: readonly string[] | undefined;

  /**
   * Strength of an image used as a prompt.
   * Not supported: only the prompt guides the image; weights such as (word:1.3) and --negative_scale make it stronger.
   * Flag: `--clip_vision_strength`
   */
  readonly clipVisionStrength?: number | undefined;

  /**
   * CLIP guidance scale, from a text.
   * Not supported: only the prompt guides the image; weights such as (word:1.3) and --negative_scale make it stronger.
   * Flag: `--clip_guidance_scale`
   * @defaultValue `0`
   */
  readonly clipGuidanceScale?: number | undefined;

  /**
   * CLIP guidance scale, from an image.
   * Not supported: only the prompt guides the image; weights such as (word:1.3) and --negative_scale make it stronger.
   * Flag: `--clip_image_guidance_scale`
   * @defaultValue `0`
   */
  readonly clipImageGuidanceScale?: number | undefined;

  /**
   * VGG16 guidance scale, from an image.
   * Not supported: only the prompt guides the image; weights such as (word:1.3) and --negative_scale make it stronger.
   * Flag: `--vgg16_guidance_scale`
   * @defaultValue `0`
   */
  readonly vgg16GuidanceScale?: number | undefined;

  /**
   * Layer of VGG16 to compare.
   * Not supported: only the prompt guides the image; weights such as (word:1.3) and --negative_scale make it stronger.
   * Flag: `--vgg16_guidance_layer`
   * @defaultValue `20`
   */
  readonly vgg16GuidanceLayer?: number | undefined;

  // Deep Shrink and Gradual Latent

  /**
   * Deep Shrink: depth of the first block that is shrunk.
   * Not supported: Deep Shrink is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--ds_depth_1`
   */
  readonly dsDepth1?: number | undefined;

  /**
   * Timestep until which it is shrunk.
   * Not supported: Deep Shrink is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--ds_timesteps_1`
   * @defaultValue `650`
   */
  readonly dsTimesteps1?: number | undefined;

  /**
   * Depth of the second block that is shrunk.
   * Not supported: Deep Shrink is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--ds_depth_2`
   */
  readonly dsDepth2?: number | undefined;

  /**
   * Timestep until which it is shrunk.
   * Not supported: Deep Shrink is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--ds_timesteps_2`
   * @defaultValue `650`
   */
  readonly dsTimesteps2?: number | undefined;

  /**
   * Shrink ratio.
   * Not supported: Deep Shrink is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--ds_ratio`
   * @defaultValue `0.5`
   */
  readonly dsRatio?: number | undefined;

  /**
   * Gradual Latent: timestep at which enlarging starts.
   * Not supported: Gradual Latent is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--gradual_latent_timesteps`
   */
  readonly gradualLatentTimesteps?: number | undefined;

  /**
   * Initial size ratio.
   * Not supported: Gradual Latent is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--gradual_latent_ratio`
   * @defaultValue `0.5`
   */
  readonly gradualLatentRatio?: number | undefined;

  /**
   * Increment of the ratio.
   * Not supported: Gradual Latent is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--gradual_latent_ratio_step`
   * @defaultValue `0.125`
   */
  readonly gradualLatentRatioStep?: number | undefined;

  /**
   * Steps between increments.
   * Not supported: Gradual Latent is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--gradual_latent_every_n_steps`
   * @defaultValue `3`
   */
  readonly gradualLatentEveryNSteps?: number | undefined;

  /**
   * Noise scale after each enlargement.
   * Not supported: Gradual Latent is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--gradual_latent_s_noise`
   * @defaultValue `1`
   */
  readonly gradualLatentSNoise?: number | undefined;

  /**
   * Unsharp mask parameters for the enlarged latents.
   * Not supported: Gradual Latent is not supported yet; --highres_fix_scale generates large images in two passes.
   * Flag: `--gradual_latent_unsharp_params`
   */
  readonly gradualLatentUnsharpParams?: string | undefined;

  // Not in sd-scripts

  /**
   * Device to compute on; auto picks the fastest that works.
   * Flag: `--device`
   * @defaultValue `auto`
   */
  readonly device?: "auto" | "cpu" | "webgpu" | "cuda" | "dml" | "coreml" | undefined;

  /**
   * Number of CPU threads. Default: all cores.
   * Flag: `--threads`
   */
  readonly threads?: number | undefined;

  /**
   * Write every event of the run to this file, as one line of JSON each.
   * Flag: `--events`
   */
  readonly events?: string | undefined;

  /**
   * Also write all images of the run as one: sheet_TIME.png.
   * Flag: `--sheet`
   */
  readonly sheet?: boolean | undefined;

  /**
   * Write a preview to coinage-preview.png in the output folder every N steps; it is removed at the end of the run.
   * Flag: `--preview_every_n_steps`
   */
  readonly previewEveryNSteps?: number | undefined;
}
