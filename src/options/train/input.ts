// Made from the table of flags by `npm run docs`.
import type { Size } from "../../pictures/index.ts";
import type { Range, StepCount } from "../option.ts";

/**
 * Settings of a training run: the flags of `coinage train` in camelCase.
 * What is left out or undefined has the default of sd-scripts.
 */
export interface TrainInput {
  // Recipes, evaluation and updates (not in sd-scripts)

  /**
   * Settings that belong together; flags that are given as well take precedence. auto: quick on a processor, object on
   * a GPU, style where --init_word or the template says so. quick: a usable word in little time. object: one thing,
   * learned well. style: how the images are made instead of what they show. likeness: a face, with less freedom in
   * prompts. classic: a low learning rate and much time.
   * Flag: `--recipe`
   */
  readonly recipe?: "auto" | "quick" | "object" | "style" | "likeness" | "classic" | undefined;

  /**
   * With --recipe: time that the run may take, for example 30m, 2h or 90s. The number of steps, and if need be the
   * size of the images, are fitted to it by timing a few steps.
   * Flag: `--time`
   */
  readonly time?: string | undefined;

  /**
   * Measure the loss on a fixed batch with fixed noise and timesteps every N steps, without changing the training.
   * Flag: `--eval_every_n_steps`
   */
  readonly evalEveryNSteps?: number | undefined;

  /**
   * End the run when the evaluation loss has flattened, at about 1.5 times the step by which 95 % of its fall was
   * there; the learning rate falls to 0 in the last steps. Evaluates every 10 steps unless --eval_every_n_steps says
   * otherwise, every 20 on CPUs.
   * Flag: `--early_stop`
   */
  readonly earlyStop?: boolean | undefined;

  /**
   * Which vectors to save at the end: the last ones, or those that a second fixed batch finds best among the last, the
   * averaged and the best evaluated ones.
   * Flag: `--keep`
   * @defaultValue `last`
   */
  readonly keep?: "last" | "best" | "both" | undefined;

  /**
   * Train without this many of the images, and choose what to keep (--keep best) by them: 1 from about 5 images on.
   * Flag: `--hold_out`
   * @defaultValue `0`
   */
  readonly holdOut?: number | undefined;

  /**
   * How vectors change: by --optimizer_type, or at fixed length in direction only (Directional Textual Inversion), by
   * the angle --step_angle per step.
   * Flag: `--update`
   * @defaultValue `optimizer`
   */
  readonly update?: "optimizer" | "direction" | undefined;

  /**
   * Learning rate as an angle in radians: about how far one step turns a vector, however long it is. Takes the place
   * of --learning_rate and follows the schedule as it does.
   * Flag: `--step_angle`
   */
  readonly stepAngle?: number | undefined;

  /**
   * With --update direction: momentum of the gradient, from 0 to below 1.
   * Flag: `--direction_momentum`
   * @defaultValue `0`
   */
  readonly directionMomentum?: number | undefined;

  /**
   * With --update direction: pull back to the initial direction, added to the gradient: a number, or auto for a tenth
   * of the usual gradient.
   * Flag: `--prior_pull`
   * @defaultValue `1e-4`
   */
  readonly priorPull?: string | undefined;

  /**
   * Hold the length of the vectors after each step: fixed at --norm_target, drawn to it with the learning rate
   * (decay), or by the spread of the vocabulary's numbers (std).
   * Flag: `--norm_control`
   * @defaultValue `none`
   */
  readonly normControl?: "none" | "fixed" | "decay" | "std" | undefined;

  /**
   * Length for --norm_control and --update direction: vocab for the mean of the model's words, 2x for twice that, init
   * for that of the initial vectors, or a number.
   * Flag: `--norm_target`
   * @defaultValue `vocab`
   */
  readonly normTarget?: string | undefined;

  /**
   * Keep a running average of the vectors from a fifth of the run on, with this decay, for example 0.98, as a
   * candidate for --keep best. 0: none.
   * Flag: `--row_average`
   * @defaultValue `0`
   */
  readonly rowAverage?: number | undefined;

  /**
   * Start from the vectors of the init word, or from the text encoder's output for it (Cross Initialization).
   * Flag: `--init`
   * @defaultValue `word`
   */
  readonly init?: "word" | "output" | undefined;

  /**
   * Weight of a pull to the initial vectors, added to the loss as their mean distance.
   * Flag: `--init_reg`
   * @defaultValue `0`
   */
  readonly initReg?: number | undefined;

  /**
   * How timesteps are drawn: each for itself, spread evenly over the batch, or spread evenly with more high ones
   * (cosine).
   * Flag: `--timestep_sampling`
   * @defaultValue `uniform`
   */
  readonly timestepSampling?: "uniform" | "stratified" | "cosine" | undefined;

  /**
   * Write OUTPUT_NAME.report.html and OUTPUT_NAME.report.json at the end of the run. Unless it is off, --recipe,
   * --eval_every_n_steps, --early_stop and --keep do so, too.
   * Flag: `--report`
   */
  readonly report?: "on" | "off" | undefined;

  /**
   * Images to draw for the report: as many as take 5 % of the run's time, or 5 seconds with --report on (auto), all,
   * or none. `coinage report` draws those that are missing.
   * Flag: `--report_images`
   * @defaultValue `auto`
   */
  readonly reportImages?: "auto" | "all" | "none" | undefined;

  // The new word

  /**
   * The new word. It must not be a word of the model's tokenizer yet, so make one up: mycat, catx1.
   * Flag: `--token_string`
   */
  readonly tokenString?: string | undefined;

  /**
   * Number of vectors for the word. More vectors hold more detail and use up more tokens of a prompt.
   * Flag: `--num_vectors_per_token`
   * @defaultValue `1`
   */
  readonly numVectorsPerToken?: number | undefined;

  /**
   * Known word or words whose vectors the new ones start from, repeated if there are fewer of them. auto: the known
   * word that explains the images best, found by trying.
   * Flag: `--init_word`
   */
  readonly initWord?: string | undefined;

  /**
   * Embedding file to start from instead of the init word.
   * Flag: `--weights`
   */
  readonly weights?: string | undefined;

  /**
   * Train with 27 prompts about an object ("a photo of a ...") instead of the captions.
   * Flag: `--use_object_template`
   */
  readonly useObjectTemplate?: boolean | undefined;

  /**
   * Train with 19 prompts about a style ("a painting in the style of ...") instead of the captions.
   * Flag: `--use_style_template`
   */
  readonly useStyleTemplate?: boolean | undefined;

  // Model

  /**
   * The Stable Diffusion model: a .safetensors or .ckpt file, a Diffusers folder, or a name on the Hugging Face hub.
   * Flag: `--pretrained_model_name_or_path`
   */
  readonly pretrainedModelNameOrPath?: string | undefined;

  /**
   * The model is Stable Diffusion 2.x.
   * Flag: `--v2`
   */
  readonly v2?: boolean | undefined;

  /**
   * The model predicts velocity instead of noise (v-prediction), as the 768-pixel models of Stable Diffusion 2 do.
   * Flag: `--v_parameterization`
   */
  readonly vParameterization?: boolean | undefined;

  /**
   * VAE to use instead of the model's own: a Diffusers folder, a name on the hub or a checkpoint file.
   * Flag: `--vae`
   */
  readonly vae?: string | undefined;

  /**
   * Use the text encoder's output this many layers from the end; 1 is the last layer.
   * Flag: `--clip_skip`
   */
  readonly clipSkip?: number | undefined;

  /**
   * Longest caption in tokens. Default: 75.
   * Flag: `--max_token_length`
   */
  readonly maxTokenLength?: 150 | 225 | 75 | undefined;

  /**
   * Folder for cached tokenizer files.
   * No effect: the tokenizer comes with coinage.
   * Flag: `--tokenizer_cache_dir`
   */
  readonly tokenizerCacheDir?: string | undefined;

  /**
   * Read an SDXL checkpoint whole instead of memory-mapping it.
   * No effect: weights are read in place from the file.
   * Flag: `--disable_mmap_load_safetensors`
   */
  readonly disableMmapLoadSafetensors?: boolean | undefined;

  // Images

  /**
   * Dataset config in TOML or JSON: folders, captions, repeats, sizes. The flags below apply where it does not say.
   * Flag: `--dataset_config`
   */
  readonly datasetConfig?: string | undefined;

  /**
   * Without a dataset config: folder with image folders named REPEATS_CLASS; with --in_json the folder of the images.
   * Flag: `--train_data_dir`
   */
  readonly trainDataDir?: string | undefined;

  /**
   * The same for regularization images, which show things of the same class other than the new word.
   * Flag: `--reg_data_dir`
   */
  readonly regDataDir?: string | undefined;

  /**
   * Metadata file with the captions or tags of every image, instead of caption files.
   * Flag: `--in_json`
   */
  readonly inJson?: string | undefined;

  /**
   * Number of times each image is used in an epoch, where the dataset config does not say.
   * Flag: `--dataset_repeats`
   * @defaultValue `1`
   */
  readonly datasetRepeats?: number | undefined;

  /**
   * Dotted name of a custom dataset class.
   * Not supported: it names a Python class, and coinage runs no Python; describe the images with --dataset_config.
   * Flag: `--dataset_class`
   */
  readonly datasetClass?: string | undefined;

  /**
   * Size of the training images: 512, or width,height.
   * Flag: `--resolution`
   */
  readonly resolution?: Size | undefined;

  /**
   * Aspect ratio bucketing: train images in sizes that fit their shape instead of cropping all to one.
   * Flag: `--enable_bucket`
   */
  readonly enableBucket?: boolean | undefined;

  /**
   * Shortest side of a bucket in pixels.
   * Flag: `--min_bucket_reso`
   * @defaultValue `256`
   */
  readonly minBucketReso?: number | undefined;

  /**
   * Longest side of a bucket in pixels.
   * Flag: `--max_bucket_reso`
   * @defaultValue `1024`
   */
  readonly maxBucketReso?: number | undefined;

  /**
   * Sides of buckets are multiples of this, itself a multiple of 64 (SDXL: 32).
   * Flag: `--bucket_reso_steps`
   * @defaultValue `64`
   */
  readonly bucketResoSteps?: number | undefined;

  /**
   * Make buckets from the images' own sizes and never enlarge an image.
   * Flag: `--bucket_no_upscale`
   */
  readonly bucketNoUpscale?: boolean | undefined;

  /**
   * How images are resized. Default: area to shrink, Lanczos to enlarge.
   * Flag: `--resize_interpolation`
   */
  readonly resizeInterpolation?:
    | "lanczos"
    | "nearest"
    | "bilinear"
    | "linear"
    | "bicubic"
    | "cubic"
    | "area"
    | undefined;

  /**
   * Vary the colours of images slightly. Cannot be combined with cached latents.
   * Flag: `--color_aug`
   */
  readonly colorAug?: boolean | undefined;

  /**
   * Flip images horizontally half of the time.
   * Flag: `--flip_aug`
   */
  readonly flipAug?: boolean | undefined;

  /**
   * Crop images at a random place instead of the centre. Cannot be combined with cached latents.
   * Flag: `--random_crop`
   */
  readonly randomCrop?: boolean | undefined;

  /**
   * Crop around the face, enlarged by a factor between these two. Only without buckets.
   * Flag: `--face_crop_aug_range`
   */
  readonly faceCropAugRange?: Range | undefined;

  /**
   * Use the alpha channel of images as a loss mask.
   * Flag: `--alpha_mask`
   */
  readonly alphaMask?: boolean | undefined;

  /**
   * Use the mask images of subsets that have a conditioning_data_dir: black areas do not count in the loss.
   * Flag: `--masked_loss`
   */
  readonly maskedLoss?: boolean | undefined;

  /**
   * Folder of mask images.
   * No effect: the folder of masks is a key of a subset in the dataset config, also in sd-scripts.
   * Flag: `--conditioning_data_dir`
   */
  readonly conditioningDataDir?: string | undefined;

  /**
   * Cache captions and sizes of a folder in its metadata_cache.json and read them from there the next time.
   * Flag: `--cache_info`
   */
  readonly cacheInfo?: boolean | undefined;

  /**
   * Encode every image once before training and keep its latents in memory.
   * Flag: `--cache_latents`
   */
  readonly cacheLatents?: boolean | undefined;

  /**
   * The same, kept in .npz files beside the images for the next run.
   * Flag: `--cache_latents_to_disk`
   */
  readonly cacheLatentsToDisk?: boolean | undefined;

  /**
   * Number of images encoded at once while latents are cached.
   * Flag: `--vae_batch_size`
   * @defaultValue `1`
   */
  readonly vaeBatchSize?: number | undefined;

  /**
   * Trust existing .npz files without checking them.
   * Flag: `--skip_cache_check`
   */
  readonly skipCacheCheck?: boolean | undefined;

  /**
   * List every batch of the dataset and stop without training.
   * Flag: `--debug_dataset`
   */
  readonly debugDataset?: boolean | undefined;

  // Captions

  /**
   * Extension of the caption files beside the images.
   * Flag: `--caption_extension`
   * @defaultValue `.caption`
   */
  readonly captionExtension?: string | undefined;

  /**
   * Old misspelling of --caption_extension; overrides it.
   * Flag: `--caption_extention`
   */
  readonly captionExtention?: string | undefined;

  /**
   * Separator between the tags of a caption.
   * Flag: `--caption_separator`
   * @defaultValue `,`
   */
  readonly captionSeparator?: string | undefined;

  /**
   * Shuffle the tags of a caption every time it is used.
   * Flag: `--shuffle_caption`
   */
  readonly shuffleCaption?: boolean | undefined;

  /**
   * Number of tags at the beginning that are never shuffled or dropped.
   * Flag: `--keep_tokens`
   * @defaultValue `0`
   */
  readonly keepTokens?: number | undefined;

  /**
   * Separator in a caption between the tags that stay in place and those that may be shuffled; overrides
   * --keep_tokens.
   * Flag: `--keep_tokens_separator`
   */
  readonly keepTokensSeparator?: string | undefined;

  /**
   * Second separator, for tags that stay together; replaced by the caption separator after shuffling.
   * Flag: `--secondary_separator`
   */
  readonly secondarySeparator?: string | undefined;

  /**
   * Choose one of {a|b|c} in captions, and one line of a caption with several lines.
   * Flag: `--enable_wildcard`
   */
  readonly enableWildcard?: boolean | undefined;

  /**
   * Text put before every caption, separated by a space.
   * Flag: `--caption_prefix`
   */
  readonly captionPrefix?: string | undefined;

  /**
   * Text put after every caption, separated by a space.
   * Flag: `--caption_suffix`
   */
  readonly captionSuffix?: string | undefined;

  /**
   * Number of tags captions start with when the number of tags grows during training.
   * Flag: `--token_warmup_min`
   * @defaultValue `1`
   */
  readonly tokenWarmupMin?: number | undefined;

  /**
   * Step from which captions have all their tags; below 1 a fraction of all steps, 0 for all tags from the start.
   * Flag: `--token_warmup_step`
   * @defaultValue `0`
   */
  readonly tokenWarmupStep?: number | undefined;

  // Length and batches

  /**
   * Images per batch, where the dataset config does not say.
   * Flag: `--train_batch_size`
   * @defaultValue `1`
   */
  readonly trainBatchSize?: number | undefined;

  /**
   * Number of batches whose gradients are accumulated for one optimizer step.
   * Flag: `--gradient_accumulation_steps`
   * @defaultValue `1`
   */
  readonly gradientAccumulationSteps?: number | undefined;

  /**
   * Number of optimizer steps.
   * Flag: `--max_train_steps`
   * @defaultValue `1600`
   */
  readonly maxTrainSteps?: number | undefined;

  /**
   * Number of epochs; overrides --max_train_steps.
   * Flag: `--max_train_epochs`
   */
  readonly maxTrainEpochs?: number | undefined;

  /**
   * Seed of all random numbers. Without one, or with -1, every run is different and shows its seed.
   * Flag: `--seed`
   */
  readonly seed?: number | undefined;

  /**
   * Weight of regularization images in the loss.
   * Flag: `--prior_loss_weight`
   * @defaultValue `1`
   */
  readonly priorLossWeight?: number | undefined;

  // Optimizer and learning rate

  /**
   * Name of the optimizer, in upper or lower case. Default: AdamW.
   * Flag: `--optimizer_type`
   */
  readonly optimizerType?: string | undefined;

  /**
   * Arguments of the optimizer, each as key=value, such as weight_decay=0.01 or betas=0.9,0.99.
   * Flag: `--optimizer_args`
   */
  readonly optimizerArgs?: readonly string[] | undefined;

  /**
   * Old spelling of --optimizer_type AdamW8bit.
   * Flag: `--use_8bit_adam`
   */
  readonly use8bitAdam?: boolean | undefined;

  /**
   * Old spelling of --optimizer_type Lion.
   * Flag: `--use_lion_optimizer`
   */
  readonly useLionOptimizer?: boolean | undefined;

  /**
   * Learning rate. 5e-4 to 5e-3 is usual for a new word; the default is that of sd-scripts and hardly changes it. A
   * list in the A1111 web UI's form is a schedule: "0.05:10, 0.02:20, 0.005" is 0.05 for 10 steps, 0.02 until step 20,
   * then 0.005.
   * Flag: `--learning_rate`
   * @defaultValue `0.000002`
   */
  readonly learningRate?: number | string | undefined;

  /**
   * Clip gradients to this norm; 0 for no clipping.
   * Flag: `--max_grad_norm`
   * @defaultValue `1`
   */
  readonly maxGradNorm?: number | undefined;

  /**
   * Learning rate schedule: constant, constant_with_warmup, linear, cosine, cosine_with_restarts, polynomial,
   * inverse_sqrt, cosine_with_min_lr, warmup_stable_decay, piecewise_constant, adafactor.
   * Flag: `--lr_scheduler`
   * @defaultValue `constant`
   */
  readonly lrScheduler?: string | undefined;

  /**
   * Name of a PyTorch scheduler class, such as CosineAnnealingLR; overrides --lr_scheduler.
   * Flag: `--lr_scheduler_type`
   */
  readonly lrSchedulerType?: string | undefined;

  /**
   * Arguments of the schedule, each as key=value.
   * Flag: `--lr_scheduler_args`
   */
  readonly lrSchedulerArgs?: readonly string[] | undefined;

  /**
   * Steps over which the learning rate rises from 0: a number (100) or a fraction of all steps (0.1 or 10%).
   * Flag: `--lr_warmup_steps`
   * @defaultValue `0`
   */
  readonly lrWarmupSteps?: StepCount | undefined;

  /**
   * Steps of the final decay of warmup_stable_decay: a number or a fraction of all steps.
   * Flag: `--lr_decay_steps`
   * @defaultValue `0`
   */
  readonly lrDecaySteps?: StepCount | undefined;

  /**
   * Number of cycles of cosine_with_restarts; half as many for cosine_with_min_lr and warmup_stable_decay.
   * Flag: `--lr_scheduler_num_cycles`
   * @defaultValue `1`
   */
  readonly lrSchedulerNumCycles?: number | undefined;

  /**
   * Power of the polynomial schedule.
   * Flag: `--lr_scheduler_power`
   * @defaultValue `1`
   */
  readonly lrSchedulerPower?: number | undefined;

  /**
   * Time scale of inverse_sqrt. Default: the warmup steps.
   * Flag: `--lr_scheduler_timescale`
   */
  readonly lrSchedulerTimescale?: number | undefined;

  /**
   * Lowest learning rate of cosine_with_min_lr and warmup_stable_decay, as a fraction of the full one.
   * Flag: `--lr_scheduler_min_lr_ratio`
   */
  readonly lrSchedulerMinLrRatio?: number | undefined;

  /**
   * Update parameters during the backward pass. Only with Adafactor and without gradient accumulation.
   * No effect: only a few vectors are trained, so there is nothing to fuse.
   * Flag: `--fused_backward_pass`
   */
  readonly fusedBackwardPass?: boolean | undefined;

  // Loss

  /**
   * Loss between prediction and target.
   * Flag: `--loss_type`
   * @defaultValue `l2`
   */
  readonly lossType?: "l1" | "l2" | "huber" | "smooth_l1" | undefined;

  /**
   * How the threshold of huber and smooth_l1 changes with the timestep.
   * Flag: `--huber_schedule`
   * @defaultValue `snr`
   */
  readonly huberSchedule?: "constant" | "exponential" | "snr" | undefined;

  /**
   * Threshold of huber and smooth_l1 at the noisiest timestep.
   * Flag: `--huber_c`
   * @defaultValue `0.1`
   */
  readonly huberC?: number | undefined;

  /**
   * Factor of that threshold in the schedules constant and exponential.
   * Flag: `--huber_scale`
   * @defaultValue `1`
   */
  readonly huberScale?: number | undefined;

  /**
   * Weight the loss by min(SNR, this) (Min-SNR), usually 5; 0 for no weighting.
   * Flag: `--min_snr_gamma`
   */
  readonly minSnrGamma?: number | undefined;

  /**
   * Weight a velocity loss as if noise were predicted. Needs --v_parameterization.
   * Flag: `--scale_v_pred_loss_like_noise_pred`
   */
  readonly scaleVPredLossLikeNoisePred?: boolean | undefined;

  /**
   * Add this much of a loss weighted as for velocity prediction; 0 for none. Not with --v_parameterization.
   * Flag: `--v_pred_like_loss`
   */
  readonly vPredLikeLoss?: number | undefined;

  /**
   * Weight the loss by 1 / sqrt(SNR).
   * Flag: `--debiased_estimation_loss`
   */
  readonly debiasedEstimationLoss?: boolean | undefined;

  // Noise and timesteps

  /**
   * Strength of extra noise that is constant over each channel, for very dark and very bright images; 0 for none.
   * Flag: `--noise_offset`
   */
  readonly noiseOffset?: number | undefined;

  /**
   * Draw the strength of the noise offset at random, between 0 and its value, for every batch.
   * Flag: `--noise_offset_random_strength`
   */
  readonly noiseOffsetRandomStrength?: boolean | undefined;

  /**
   * Add this times the mean of each latent channel to the noise offset. Needs --noise_offset.
   * Flag: `--adaptive_noise_scale`
   */
  readonly adaptiveNoiseScale?: number | undefined;

  /**
   * Number of coarser noise levels added to the noise (pyramid noise); 0 for none.
   * Flag: `--multires_noise_iterations`
   */
  readonly multiresNoiseIterations?: number | undefined;

  /**
   * Factor by which each coarser level is weaker than the one before.
   * Flag: `--multires_noise_discount`
   * @defaultValue `0.3`
   */
  readonly multiresNoiseDiscount?: number | undefined;

  /**
   * Strength of a perturbation of the noise in the model's input; 0 for none.
   * Flag: `--ip_noise_gamma`
   */
  readonly ipNoiseGamma?: number | undefined;

  /**
   * Draw the strength of that perturbation at random, between 0 and its value, for every batch.
   * Flag: `--ip_noise_gamma_random_strength`
   */
  readonly ipNoiseGammaRandomStrength?: boolean | undefined;

  /**
   * Rescale the noise schedule so that the last timestep is pure noise. Meant for velocity models.
   * Flag: `--zero_terminal_snr`
   */
  readonly zeroTerminalSnr?: boolean | undefined;

  /**
   * Lowest timestep that is trained. Default: 0.
   * Flag: `--min_timestep`
   */
  readonly minTimestep?: number | undefined;

  /**
   * Timesteps below this one are trained. Default: 1000.
   * Flag: `--max_timestep`
   */
  readonly maxTimestep?: number | undefined;

  // Saving

  /**
   * Folder for all output; created if missing.
   * Flag: `--output_dir`
   */
  readonly outputDir?: string | undefined;

  /**
   * Name of the files without extension. Default: the new word.
   * Flag: `--output_name`
   */
  readonly outputName?: string | undefined;

  /**
   * Format of the embedding files. ckpt and pt differ in the extension only.
   * Flag: `--save_model_as`
   * @defaultValue `pt`
   */
  readonly saveModelAs?: "ckpt" | "pt" | "safetensors" | undefined;

  /**
   * Number format of saved vectors. Default: float32.
   * Flag: `--save_precision`
   */
  readonly savePrecision?: "float" | "fp16" | "bf16" | undefined;

  /**
   * Save every N epochs as well as at the end.
   * Flag: `--save_every_n_epochs`
   */
  readonly saveEveryNEpochs?: number | undefined;

  /**
   * Save every N steps as well as at the end.
   * Flag: `--save_every_n_steps`
   */
  readonly saveEveryNSteps?: number | undefined;

  /**
   * Save this many times, spread over the epochs; overrides --save_every_n_epochs.
   * Flag: `--save_n_epoch_ratio`
   */
  readonly saveNEpochRatio?: number | undefined;

  /**
   * Keep only the last N of the files saved at epochs.
   * Flag: `--save_last_n_epochs`
   */
  readonly saveLastNEpochs?: number | undefined;

  /**
   * The same for training states. Default: --save_last_n_epochs.
   * Flag: `--save_last_n_epochs_state`
   */
  readonly saveLastNEpochsState?: number | undefined;

  /**
   * Keep only the files saved at the last N steps.
   * Flag: `--save_last_n_steps`
   */
  readonly saveLastNSteps?: number | undefined;

  /**
   * The same for training states. Default: --save_last_n_steps.
   * Flag: `--save_last_n_steps_state`
   */
  readonly saveLastNStepsState?: number | undefined;

  /**
   * Write the complete training state with every save, to continue with --resume.
   * Flag: `--save_state`
   */
  readonly saveState?: boolean | undefined;

  /**
   * Write the complete training state once, at the end.
   * Flag: `--save_state_on_train_end`
   */
  readonly saveStateOnTrainEnd?: boolean | undefined;

  /**
   * Folder of a training state to continue from: the numbers are as if the run had never stopped. Give the other
   * settings as before.
   * Flag: `--resume`
   */
  readonly resume?: string | undefined;

  // Metadata of .safetensors embeddings

  /**
   * Title. Default: the output name.
   * Flag: `--metadata_title`
   */
  readonly metadataTitle?: string | undefined;

  /**
   * Author.
   * Flag: `--metadata_author`
   */
  readonly metadataAuthor?: string | undefined;

  /**
   * Description.
   * Flag: `--metadata_description`
   */
  readonly metadataDescription?: string | undefined;

  /**
   * Licence.
   * Flag: `--metadata_license`
   */
  readonly metadataLicense?: string | undefined;

  /**
   * Tags, usually separated by commas.
   * Flag: `--metadata_tags`
   */
  readonly metadataTags?: string | undefined;

  /**
   * How to use the embedding.
   * Flag: `--metadata_usage_hint`
   */
  readonly metadataUsageHint?: string | undefined;

  /**
   * Image file, or a data: URL.
   * Flag: `--metadata_thumbnail`
   */
  readonly metadataThumbnail?: string | undefined;

  /**
   * Models it was merged from.
   * Flag: `--metadata_merged_from`
   */
  readonly metadataMergedFrom?: string | undefined;

  /**
   * Trigger phrase.
   * Flag: `--metadata_trigger_phrase`
   */
  readonly metadataTriggerPhrase?: string | undefined;

  /**
   * Preprocessor it needs.
   * Flag: `--metadata_preprocessor`
   */
  readonly metadataPreprocessor?: string | undefined;

  /**
   * Whether it is meant for negative prompts; the text is stored as it is.
   * Flag: `--metadata_is_negative_embedding`
   */
  readonly metadataIsNegativeEmbedding?: string | undefined;

  // Sample images during training

  /**
   * File of prompts for sample images during training: .txt with one prompt per line, .toml or .json.
   * Flag: `--sample_prompts`
   */
  readonly samplePrompts?: string | undefined;

  /**
   * Generate sample images every N steps.
   * Flag: `--sample_every_n_steps`
   */
  readonly sampleEveryNSteps?: number | undefined;

  /**
   * Generate sample images every N epochs; overrides --sample_every_n_steps.
   * Flag: `--sample_every_n_epochs`
   */
  readonly sampleEveryNEpochs?: number | undefined;

  /**
   * Also generate sample images before the first step.
   * Flag: `--sample_at_first`
   */
  readonly sampleAtFirst?: boolean | undefined;

  /**
   * Sampler for prompts that do not name one.
   * Flag: `--sample_sampler`
   * @defaultValue `ddim`
   */
  readonly sampleSampler?:
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
    | undefined;

  // Logs

  /**
   * Folder for TensorBoard logs; each run gets a subfolder named after its start time.
   * Flag: `--logging_dir`
   */
  readonly loggingDir?: string | undefined;

  /**
   * Where the run is logged. Default: TensorBoard if --logging_dir is given. Nothing is ever sent to Weights & Biases.
   * Flag: `--log_with`
   */
  readonly logWith?: "tensorboard" | "wandb" | "all" | undefined;

  /**
   * Prefix of the name of the run's folder.
   * Flag: `--log_prefix`
   */
  readonly logPrefix?: string | undefined;

  /**
   * Name of the subfolder with the logs. Default: textual_inversion.
   * Flag: `--log_tracker_name`
   */
  readonly logTrackerName?: string | undefined;

  /**
   * TOML file with settings of the trackers.
   * No effect: TensorBoard files need no settings, and nothing is sent to Weights & Biases.
   * Flag: `--log_tracker_config`
   */
  readonly logTrackerConfig?: string | undefined;

  /**
   * Also log the settings, without secrets and paths: as TensorBoard hyperparameters and in a file hparams.yml.
   * Flag: `--log_config`
   */
  readonly logConfig?: boolean | undefined;

  /**
   * Name of the run on Weights & Biases.
   * No effect: nothing is sent to Weights & Biases.
   * Flag: `--wandb_run_name`
   */
  readonly wandbRunName?: string | undefined;

  /**
   * API key of Weights & Biases.
   * No effect: nothing is sent to Weights & Biases.
   * Flag: `--wandb_api_key`
   */
  readonly wandbApiKey?: string | undefined;

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

  // Settings file

  /**
   * TOML file of settings; .toml is added to a name without it. Flags on the command line take precedence.
   * Flag: `--config_file`
   */
  readonly configFile?: string | undefined;

  /**
   * Write the settings that differ from their defaults to the file named by --config_file, and stop.
   * Flag: `--output_config`
   */
  readonly outputConfig?: boolean | undefined;

  // Precision, speed and memory

  /**
   * Precision of convolutions, matrix products and attention on GPUs: fp16 and bf16 both use float16 with loss
   * scaling. Norms, softmax, the loss and everything on CPUs are float32.
   * Flag: `--mixed_precision`
   * @defaultValue `no`
   */
  readonly mixedPrecision?: "no" | "fp16" | "bf16" | undefined;

  /**
   * Text encoder and its gradients in float16.
   * No effect: the embeddings, their gradients and the optimizer are always float32; --mixed_precision sets the
   * precision of the networks.
   * Flag: `--full_fp16`
   */
  readonly fullFp16?: boolean | undefined;

  /**
   * Text encoder and its gradients in bfloat16.
   * No effect: the embeddings, their gradients and the optimizer are always float32; --mixed_precision sets the
   * precision of the networks.
   * Flag: `--full_bf16`
   */
  readonly fullBf16?: boolean | undefined;

  /**
   * Run the VAE in float32 even with mixed precision.
   * No effect: the VAE always runs in float32.
   * Flag: `--no_half_vae`
   */
  readonly noHalfVae?: boolean | undefined;

  /**
   * Recompute activations in the backward pass instead of keeping them, and keep no flipped copies of kernels: less
   * memory, more time.
   * Flag: `--gradient_checkpointing`
   */
  readonly gradientCheckpointing?: boolean | undefined;

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
   * Attention in chunks.
   * No effect: attention never builds the full score matrix anyway.
   * Flag: `--mem_eff_attn`
   */
  readonly memEffAttn?: boolean | undefined;

  /**
   * Use less memory: keep no copies of kernels flipped for the backward pass.
   * Flag: `--lowram`
   */
  readonly lowram?: boolean | undefined;

  /**
   * Keep device memory while latents are cached.
   * No effect: weights are read in place from the file.
   * Flag: `--highvram`
   */
  readonly highvram?: boolean | undefined;

  /**
   * Weights in 8 bits.
   * No effect: Textual Inversion in sd-scripts ignores it too.
   * Flag: `--fp8_base`
   */
  readonly fp8Base?: boolean | undefined;

  /**
   * Number of processes that load images.
   * No effect: images are loaded ahead of the step that needs them, in an order that does not depend on workers.
   * Flag: `--max_data_loader_n_workers`
   * @defaultValue `8`
   */
  readonly maxDataLoaderNWorkers?: number | undefined;

  /**
   * Keep those processes from one epoch to the next.
   * No effect: images are loaded ahead of the step that needs them, in an order that does not depend on workers.
   * Flag: `--persistent_data_loader_workers`
   */
  readonly persistentDataLoaderWorkers?: boolean | undefined;

  // Hugging Face hub

  /**
   * Repository on the Hugging Face hub that every saved embedding is uploaded to; created if missing.
   * Not implemented yet: nothing is uploaded.
   * Flag: `--huggingface_repo_id`
   */
  readonly huggingfaceRepoId?: string | undefined;

  /**
   * Type of that repository.
   * Not implemented yet: nothing is uploaded.
   * Flag: `--huggingface_repo_type`
   */
  readonly huggingfaceRepoType?: string | undefined;

  /**
   * Folder in that repository.
   * Not implemented yet: nothing is uploaded.
   * Flag: `--huggingface_path_in_repo`
   */
  readonly huggingfacePathInRepo?: string | undefined;

  /**
   * Access token for the hub.
   * Not implemented yet: nothing is uploaded.
   * Flag: `--huggingface_token`
   */
  readonly huggingfaceToken?: string | undefined;

  /**
   * Visibility of a new repository: public, or private with any other word.
   * Not implemented yet: nothing is uploaded.
   * Flag: `--huggingface_repo_visibility`
   */
  readonly huggingfaceRepoVisibility?: string | undefined;

  /**
   * Upload training states as well.
   * Not implemented yet: nothing is uploaded.
   * Flag: `--save_state_to_huggingface`
   */
  readonly saveStateToHuggingface?: boolean | undefined;

  /**
   * Take the state of --resume from the hub: owner/repository/path[:revision[:type]].
   * Not supported: states cannot be downloaded from the hub yet.
   * Flag: `--resume_from_huggingface`
   */
  readonly resumeFromHuggingface?: boolean | undefined;

  /**
   * Upload in the background, except the final embedding.
   * Not implemented yet: nothing is uploaded.
   * Flag: `--async_upload`
   */
  readonly asyncUpload?: boolean | undefined;

  // PyTorch and DeepSpeed

  /**
   * Compile the model.
   * No effect: ONNX Runtime always optimizes the training graph.
   * Flag: `--torch_compile`
   */
  readonly torchCompile?: boolean | undefined;

  /**
   * Compiler for --torch_compile.
   * No effect: ONNX Runtime always optimizes the training graph.
   * Flag: `--dynamo_backend`
   * @defaultValue `inductor`
   */
  readonly dynamoBackend?:
    | "eager"
    | "aot_eager"
    | "inductor"
    | "aot_ts_nvfuser"
    | "nvprims_nvfuser"
    | "cudagraphs"
    | "ofi"
    | "fx2trt"
    | "onnxrt"
    | "tensort"
    | "ipex"
    | "tvm"
    | undefined;

  /**
   * Minutes to wait for other processes.
   * No effect: it belongs to PyTorch's distributed training.
   * Flag: `--ddp_timeout`
   */
  readonly ddpTimeout?: number | undefined;

  /**
   * Share memory between gradients and communication buckets.
   * No effect: it belongs to PyTorch's distributed training.
   * Flag: `--ddp_gradient_as_bucket_view`
   */
  readonly ddpGradientAsBucketView?: boolean | undefined;

  /**
   * Declare that the graph never changes.
   * No effect: it belongs to PyTorch's distributed training.
   * Flag: `--ddp_static_graph`
   */
  readonly ddpStaticGraph?: boolean | undefined;

  /**
   * Train with DeepSpeed.
   * Not supported: DeepSpeed needs PyTorch, and Textual Inversion in sd-scripts does not support it; leave the flag
   * out.
   * Flag: `--deepspeed`
   */
  readonly deepspeed?: boolean | undefined;

  /**
   * DeepSpeed's ZeRO stage.
   * No effect: it belongs to DeepSpeed, which needs PyTorch.
   * Flag: `--zero_stage`
   * @defaultValue `2`
   */
  readonly zeroStage?: 0 | 1 | 2 | 3 | undefined;

  /**
   * Where DeepSpeed offloads the optimizer.
   * No effect: it belongs to DeepSpeed, which needs PyTorch.
   * Flag: `--offload_optimizer_device`
   */
  readonly offloadOptimizerDevice?: "cpu" | "nvme" | undefined;

  /**
   * NVMe path for the optimizer.
   * No effect: it belongs to DeepSpeed, which needs PyTorch.
   * Flag: `--offload_optimizer_nvme_path`
   */
  readonly offloadOptimizerNvmePath?: string | undefined;

  /**
   * Where DeepSpeed offloads the parameters.
   * No effect: it belongs to DeepSpeed, which needs PyTorch.
   * Flag: `--offload_param_device`
   */
  readonly offloadParamDevice?: "cpu" | "nvme" | undefined;

  /**
   * NVMe path for the parameters.
   * No effect: it belongs to DeepSpeed, which needs PyTorch.
   * Flag: `--offload_param_nvme_path`
   */
  readonly offloadParamNvmePath?: string | undefined;

  /**
   * Initialize models for ZeRO stage 3.
   * No effect: it belongs to DeepSpeed, which needs PyTorch.
   * Flag: `--zero3_init_flag`
   */
  readonly zero3InitFlag?: boolean | undefined;

  /**
   * Save 16-bit weights in ZeRO stage 3.
   * No effect: it belongs to DeepSpeed, which needs PyTorch.
   * Flag: `--zero3_save_16bit_model`
   */
  readonly zero3Save16bitModel?: boolean | undefined;

  /**
   * Master weights in float16.
   * No effect: it belongs to DeepSpeed, which needs PyTorch.
   * Flag: `--fp16_master_weights_and_gradients`
   */
  readonly fp16MasterWeightsAndGradients?: boolean | undefined;

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
   * Give the run a folder of its own in place of --output_dir: a new one for a name, with settings, events,
   * checkpoints, samples and states, which coinage runs lists and coinage stop stops. The id of a run that was
   * stopped, failed or was lost (2026-11-22_1432_mycat), or its folder, continues that run from its last state.
   * Flag: `--run`
   */
  readonly run?: string | undefined;

  /**
   * With --run: the folder of all runs. Default: runs in the folder that COINAGE_HOME names, or in coinage in the home
   * folder.
   * Flag: `--runs_dir`
   */
  readonly runsDir?: string | undefined;

  /**
   * Share the run among machines: the address of a Redis or Valkey server (redis://HOST:PORT, rediss://USER@HOST:PORT,
   * unix:///SOCKET) from which coinage worker --queue takes micro-batches, sample images and images to encode. Its
   * password comes from COINAGE_QUEUE_PASSWORD, the secret that messages are signed with from COINAGE_CLUSTER_SECRET.
   * Needs --cache_latents.
   * Flag: `--queue`
   */
  readonly queue?: string | undefined;

  /**
   * With --queue rediss://...: file with the certificate of the authority that has signed the server's.
   * Flag: `--queue_ca`
   */
  readonly queueCa?: string | undefined;

  /**
   * With --queue: allow a server that other machines reach without a password and a secret.
   * Flag: `--queue_insecure`
   */
  readonly queueInsecure?: boolean | undefined;

  /**
   * With --queue: use only workers that compute the same bits as this machine (same), or also those that come near
   * (any). Default: same on processors, any elsewhere.
   * Flag: `--cluster_numerics`
   */
  readonly clusterNumerics?: "same" | "any" | undefined;

  /**
   * Compute every micro-batch in so many parts, each a job of its own with --queue: more workers have something to do.
   * Noise and timesteps stay as they are; results differ by rounding alone. Not with pyramid noise, which looks at a
   * whole micro-batch.
   * Flag: `--cluster_split`
   * @defaultValue `1`
   */
  readonly clusterSplit?: number | undefined;

  /**
   * With --queue: leave micro-batches to workers; this machine computes one only where they fail.
   * Flag: `--no_cluster_local`
   */
  readonly noClusterLocal?: boolean | undefined;

  /**
   * Keep the machine from going to sleep by itself until the run has ended.
   * Flag: `--keep_awake`
   */
  readonly keepAwake?: boolean | undefined;

  /**
   * Overwrite files of earlier runs with the same name, as sd-scripts does. Without it they are kept as NAME-old1,
   * NAME-old2, ...
   * Flag: `--overwrite`
   */
  readonly overwrite?: boolean | undefined;

  /**
   * Learn separate vectors for each cross-attention layer of the U-Net (P+, XTI), as train_textual_inversion_XTI.py
   * does. Stable Diffusion 1 and 2 only.
   * Flag: `--xti`
   */
  readonly xti?: boolean | undefined;

  /**
   * Write no metadata into .safetensors files.
   * Flag: `--no_metadata`
   */
  readonly noMetadata?: boolean | undefined;

  /**
   * Comment for the metadata of .safetensors files, stored as ss_training_comment.
   * Flag: `--training_comment`
   */
  readonly trainingComment?: string | undefined;

  /**
   * Start counting at this epoch, as if those before it were done; 1 is the first. A resumed run continues its own
   * count.
   * Flag: `--initial_epoch`
   */
  readonly initialEpoch?: number | undefined;

  /**
   * Start counting as if this many steps were done. Overrides --initial_epoch.
   * Flag: `--initial_step`
   */
  readonly initialStep?: number | undefined;

  /**
   * With --initial_step or --initial_epoch: also skip the images that the earlier steps would have used.
   * Flag: `--skip_until_initial_step`
   */
  readonly skipUntilInitialStep?: boolean | undefined;

  /**
   * Folder of images, used as it is instead of --train_data_dir with its folders REPEATS_CLASS. Repeats come from
   * --dataset_repeats; images without a caption file have the new word as their caption.
   * Flag: `--image_dir`
   */
  readonly imageDir?: string | undefined;

  /**
   * Rotate and mirror images and masks by their EXIF orientation, as viewers show them.
   * Flag: `--exif_transpose`
   */
  readonly exifTranspose?: boolean | undefined;

  /**
   * Composite images with transparency onto this colour: white, black, grey or #rrggbb. Without it transparent areas
   * show the colours stored in them.
   * Flag: `--alpha_background`
   */
  readonly alphaBackground?: string | undefined;

  /**
   * With --debug_dataset: folder for the images as the model would see them, and a contact sheet.
   * Flag: `--debug_dataset_dir`
   */
  readonly debugDatasetDir?: string | undefined;

  // Only in a settings file

  /**
   * Fraction of captions that are replaced by an empty one.
   * Flag: `--caption_dropout_rate`
   * @defaultValue `0`
   */
  readonly captionDropoutRate?: number | undefined;

  /**
   * Use empty captions in every N-th epoch.
   * Flag: `--caption_dropout_every_n_epochs`
   * @defaultValue `0`
   */
  readonly captionDropoutEveryNEpochs?: number | undefined;

  /**
   * Fraction of tags that are dropped.
   * Flag: `--caption_tag_dropout_rate`
   * @defaultValue `0`
   */
  readonly captionTagDropoutRate?: number | undefined;

  /**
   * Caption of images without a caption file.
   * Flag: `--class_tokens`
   */
  readonly classTokens?: string | undefined;

  /**
   * Fraction of images that are held out of training.
   * Flag: `--validation_split`
   * @defaultValue `0`
   */
  readonly validationSplit?: number | undefined;

  /**
   * Seed of the random choice of those images.
   * Flag: `--validation_seed`
   */
  readonly validationSeed?: number | undefined;

  /** Further metadata of .safetensors files: `{ xyz: "text" }` is written as `modelspec.xyz`. */
  readonly extraMetadata?: Readonly<Record<string, string>> | undefined;
  /** Keys of a settings file that no setting has. They are kept, and nothing acts on them. */
  readonly otherSettings?: Readonly<Record<string, unknown>> | undefined;
}
