// Made from the table of flags by `npm run docs`.
import type { Range, Size, StepCount } from "../option.ts";

/**
 * Settings of a training run: the flags of `coinage train` in camelCase.
 * What is left out or undefined has the default of sd-scripts.
 */
export interface TrainInput {
  // The new word

  /**
   * The new word. It must not be a word of the model's tokenizer yet, so make one up: mycat, catx1.
   * Flag: `--token_string`
   */
  readonly tokenString?: string | undefined;

  /**
   * How many vectors stand behind the word. More hold more detail and use up more tokens of a prompt.
   * Flag: `--num_vectors_per_token`
   * @defaultValue `1`
   */
  readonly numVectorsPerToken?: number | undefined;

  /**
   * Known word or words whose vectors the new ones start from, repeated when there are fewer of them.
   * Flag: `--init_word`
   */
  readonly initWord?: string | undefined;

  /**
   * Embedding file to start from instead of the init word.
   * Flag: `--weights`
   */
  readonly weights?: string | undefined;

  /**
   * Train with 27 sentences about an object ("a photo of a ...") instead of the captions.
   * Flag: `--use_object_template`
   */
  readonly useObjectTemplate?: boolean | undefined;

  /**
   * Train with 19 sentences about a style ("a painting in the style of ...") instead of the captions.
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
   * The model is a Stable Diffusion 2.x.
   * Flag: `--v2`
   */
  readonly v2?: boolean | undefined;

  /**
   * The model predicts velocity instead of noise, as the 768-pixel models of Stable Diffusion 2 do.
   * Flag: `--v_parameterization`
   */
  readonly vParameterization?: boolean | undefined;

  /**
   * Another VAE than the model's own: a Diffusers folder, a hub name or a checkpoint file.
   * Flag: `--vae`
   */
  readonly vae?: string | undefined;

  /**
   * Take the text encoder's output this many layers from the end; 1 is the last layer.
   * Flag: `--clip_skip`
   */
  readonly clipSkip?: number | undefined;

  /**
   * Longest caption in tokens; 75 unless said.
   * Flag: `--max_token_length`
   */
  readonly maxTokenLength?: 150 | 225 | 75 | undefined;

  /**
   * Folder to keep tokenizer files in.
   * No effect here: the tokenizer's files are part of this program.
   * Flag: `--tokenizer_cache_dir`
   */
  readonly tokenizerCacheDir?: string | undefined;

  /**
   * Read an SDXL checkpoint as a whole instead of mapping it into memory.
   * No effect here: the runtime reads weights from where they lie in the file.
   * Flag: `--disable_mmap_load_safetensors`
   */
  readonly disableMmapLoadSafetensors?: boolean | undefined;

  // Pictures

  /**
   * Dataset description in TOML or JSON: folders, captions, repeats, sizes. The flags below are its fallback.
   * Flag: `--dataset_config`
   */
  readonly datasetConfig?: string | undefined;

  /**
   * Without a dataset config: folder with sub-folders REPEATS_CLASS of pictures; with --in_json the pictures' folder.
   * Flag: `--train_data_dir`
   */
  readonly trainDataDir?: string | undefined;

  /**
   * The same for regularisation pictures, which show things of the same kind that are not the new word.
   * Flag: `--reg_data_dir`
   */
  readonly regDataDir?: string | undefined;

  /**
   * Metadata file with captions or tags of every picture, in place of caption files.
   * Flag: `--in_json`
   */
  readonly inJson?: string | undefined;

  /**
   * How often an epoch uses each picture, where the dataset config does not say.
   * Flag: `--dataset_repeats`
   * @defaultValue `1`
   */
  readonly datasetRepeats?: number | undefined;

  /**
   * Dotted name of a dataset class of one's own.
   * Refused: it names a Python class, and no Python runs here; describe the pictures with --dataset_config.
   * Flag: `--dataset_class`
   */
  readonly datasetClass?: string | undefined;

  /**
   * Size of the training pictures: 512, or width,height.
   * Flag: `--resolution`
   */
  readonly resolution?: Size | undefined;

  /**
   * Train pictures of different shapes in sizes that fit their shape instead of cutting all to one.
   * Flag: `--enable_bucket`
   */
  readonly enableBucket?: boolean | undefined;

  /**
   * Shortest side of a bucket.
   * Flag: `--min_bucket_reso`
   * @defaultValue `256`
   */
  readonly minBucketReso?: number | undefined;

  /**
   * Longest side of a bucket.
   * Flag: `--max_bucket_reso`
   * @defaultValue `1024`
   */
  readonly maxBucketReso?: number | undefined;

  /**
   * Sides of buckets are multiples of this: a multiple of 64, for SDXL of 32.
   * Flag: `--bucket_reso_steps`
   * @defaultValue `64`
   */
  readonly bucketResoSteps?: number | undefined;

  /**
   * Make buckets from the pictures' own sizes and never enlarge a picture.
   * Flag: `--bucket_no_upscale`
   */
  readonly bucketNoUpscale?: boolean | undefined;

  /**
   * How pictures are resized. Unless said: area to shrink, Lanczos to enlarge.
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
   * Vary the colours of pictures a little. Not together with cached latents.
   * Flag: `--color_aug`
   */
  readonly colorAug?: boolean | undefined;

  /**
   * Mirror pictures left to right half of the time.
   * Flag: `--flip_aug`
   */
  readonly flipAug?: boolean | undefined;

  /**
   * Cut pictures at a random place instead of the middle. Not together with cached latents.
   * Flag: `--random_crop`
   */
  readonly randomCrop?: boolean | undefined;

  /**
   * Cut around the face, magnified by a factor between these two. Only without buckets.
   * Flag: `--face_crop_aug_range`
   */
  readonly faceCropAugRange?: Range | undefined;

  /**
   * Take the alpha channel of pictures as a mask of what counts for the loss.
   * Flag: `--alpha_mask`
   */
  readonly alphaMask?: boolean | undefined;

  /**
   * Use the mask pictures of subsets that have a conditioning_data_dir: what is black there does not count.
   * Flag: `--masked_loss`
   */
  readonly maskedLoss?: boolean | undefined;

  /**
   * Folder of mask pictures.
   * No effect here: the folder of masks is a key of a subset in the dataset config, in sd-scripts too.
   * Flag: `--conditioning_data_dir`
   */
  readonly conditioningDataDir?: string | undefined;

  /**
   * Keep captions and sizes of a folder in its metadata_cache.json and read them from there the next time.
   * Flag: `--cache_info`
   */
  readonly cacheInfo?: boolean | undefined;

  /**
   * Encode every picture once before training and keep the result in memory.
   * Flag: `--cache_latents`
   */
  readonly cacheLatents?: boolean | undefined;

  /**
   * The same, kept in .npz files beside the pictures for the next run.
   * Flag: `--cache_latents_to_disk`
   */
  readonly cacheLatentsToDisk?: boolean | undefined;

  /**
   * How many pictures are encoded at once while latents are cached.
   * Flag: `--vae_batch_size`
   * @defaultValue `1`
   */
  readonly vaeBatchSize?: number | undefined;

  /**
   * Trust the .npz files that are there without looking into them.
   * Flag: `--skip_cache_check`
   */
  readonly skipCacheCheck?: boolean | undefined;

  /**
   * Show what the dataset yields and stop without training.
   * Flag: `--debug_dataset`
   */
  readonly debugDataset?: boolean | undefined;

  // Captions

  /**
   * Extension of the caption files that lie beside the pictures.
   * Flag: `--caption_extension`
   * @defaultValue `.caption`
   */
  readonly captionExtension?: string | undefined;

  /**
   * Old misspelling of --caption_extension; wins over it.
   * Flag: `--caption_extention`
   */
  readonly captionExtention?: string | undefined;

  /**
   * What separates the tags of a caption.
   * Flag: `--caption_separator`
   * @defaultValue `,`
   */
  readonly captionSeparator?: string | undefined;

  /**
   * Put the tags of a caption in another order every time it is used.
   * Flag: `--shuffle_caption`
   */
  readonly shuffleCaption?: boolean | undefined;

  /**
   * How many tags at the beginning stay where they are when tags are shuffled or dropped.
   * Flag: `--keep_tokens`
   * @defaultValue `0`
   */
  readonly keepTokens?: number | undefined;

  /**
   * Mark in a caption between what stays in place and what may be shuffled; goes before --keep_tokens.
   * Flag: `--keep_tokens_separator`
   */
  readonly keepTokensSeparator?: string | undefined;

  /**
   * Second separator, for tags that stay together; it becomes the caption separator after shuffling.
   * Flag: `--secondary_separator`
   */
  readonly secondarySeparator?: string | undefined;

  /**
   * Choose one of {a|b|c} in captions, and one line of captions with several lines.
   * Flag: `--enable_wildcard`
   */
  readonly enableWildcard?: boolean | undefined;

  /**
   * Text put before every caption, with a blank between them.
   * Flag: `--caption_prefix`
   */
  readonly captionPrefix?: string | undefined;

  /**
   * Text put behind every caption, with a blank between them.
   * Flag: `--caption_suffix`
   */
  readonly captionSuffix?: string | undefined;

  /**
   * How many tags captions begin with when the number of tags grows during training.
   * Flag: `--token_warmup_min`
   * @defaultValue `1`
   */
  readonly tokenWarmupMin?: number | undefined;

  /**
   * Step by which captions have all their tags; below 1 a share of all steps, 0 for all tags from the start.
   * Flag: `--token_warmup_step`
   * @defaultValue `0`
   */
  readonly tokenWarmupStep?: number | undefined;

  // Length and batches

  /**
   * Pictures per batch, where the dataset config does not say.
   * Flag: `--train_batch_size`
   * @defaultValue `1`
   */
  readonly trainBatchSize?: number | undefined;

  /**
   * Batches whose gradients make one step together.
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
   * Number of times through the pictures; wins over --max_train_steps.
   * Flag: `--max_train_epochs`
   */
  readonly maxTrainEpochs?: number | undefined;

  /**
   * Start of all random numbers. Without one, or with -1, every run is different and says its seed.
   * Flag: `--seed`
   */
  readonly seed?: number | undefined;

  /**
   * How much regularisation pictures count in the loss.
   * Flag: `--prior_loss_weight`
   * @defaultValue `1`
   */
  readonly priorLossWeight?: number | undefined;

  // Optimizer and learning rate

  /**
   * Name of the optimizer, in any letter case; AdamW unless said.
   * Flag: `--optimizer_type`
   */
  readonly optimizerType?: string | undefined;

  /**
   * Settings of the optimizer, each as key=value, such as weight_decay=0.01 or betas=0.9,0.99.
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
   * Learning rate. For a new word 5e-4 to 5e-3 is usual; the default is sd-scripts' and hardly moves it. A list as the
   * A1111 web UI takes it is a schedule: "0.05:10, 0.02:20, 0.005" is 0.05 for 10 steps, 0.02 until step 20, then
   * 0.005.
   * Flag: `--learning_rate`
   * @defaultValue `0.000002`
   */
  readonly learningRate?: number | string | undefined;

  /**
   * Gradients longer than this are shortened to it; 0 leaves them alone.
   * Flag: `--max_grad_norm`
   * @defaultValue `1`
   */
  readonly maxGradNorm?: number | undefined;

  /**
   * How the learning rate changes: constant, constant_with_warmup, linear, cosine, cosine_with_restarts, polynomial,
   * inverse_sqrt, cosine_with_min_lr, warmup_stable_decay, piecewise_constant, adafactor.
   * Flag: `--lr_scheduler`
   * @defaultValue `constant`
   */
  readonly lrScheduler?: string | undefined;

  /**
   * Name of a schedule class of PyTorch, such as CosineAnnealingLR; wins over --lr_scheduler.
   * Flag: `--lr_scheduler_type`
   */
  readonly lrSchedulerType?: string | undefined;

  /**
   * Settings of the schedule, each as key=value.
   * Flag: `--lr_scheduler_args`
   */
  readonly lrSchedulerArgs?: readonly string[] | undefined;

  /**
   * Steps during which the learning rate rises from 0: a number (100) or a share of all steps (0.1 or 10%).
   * Flag: `--lr_warmup_steps`
   * @defaultValue `0`
   */
  readonly lrWarmupSteps?: StepCount | undefined;

  /**
   * Steps of the final fall of warmup_stable_decay: a number or a share of all steps.
   * Flag: `--lr_decay_steps`
   * @defaultValue `0`
   */
  readonly lrDecaySteps?: StepCount | undefined;

  /**
   * Cycles of cosine_with_restarts; half as many for cosine_with_min_lr and warmup_stable_decay.
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
   * Time scale of inverse_sqrt; the warm-up unless said.
   * Flag: `--lr_scheduler_timescale`
   */
  readonly lrSchedulerTimescale?: number | undefined;

  /**
   * Lowest learning rate of cosine_with_min_lr and warmup_stable_decay as a share of the full one.
   * Flag: `--lr_scheduler_min_lr_ratio`
   */
  readonly lrSchedulerMinLrRatio?: number | undefined;

  /**
   * Update parameters during the backward pass. Only with Adafactor and without accumulation.
   * No effect here: a few vectors are trained, so there is nothing to fuse.
   * Flag: `--fused_backward_pass`
   */
  readonly fusedBackwardPass?: boolean | undefined;

  // Loss

  /**
   * How the difference between prediction and target is measured.
   * Flag: `--loss_type`
   * @defaultValue `l2`
   */
  readonly lossType?: "l1" | "l2" | "huber" | "smooth_l1" | undefined;

  /**
   * How the threshold of huber and smooth_l1 depends on the timestep.
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
   * Weigh timesteps by their signal-to-noise ratio up to this bound, usually 5; 0 for no weighing.
   * Flag: `--min_snr_gamma`
   */
  readonly minSnrGamma?: number | undefined;

  /**
   * Weigh a velocity loss as if noise were predicted. Needs --v_parameterization.
   * Flag: `--scale_v_pred_loss_like_noise_pred`
   */
  readonly scaleVPredLossLikeNoisePred?: boolean | undefined;

  /**
   * Add this much of a loss that weighs timesteps as velocity does; 0 for none. Not with --v_parameterization.
   * Flag: `--v_pred_like_loss`
   */
  readonly vPredLikeLoss?: number | undefined;

  /**
   * Weigh timesteps by the inverse root of their signal-to-noise ratio.
   * Flag: `--debiased_estimation_loss`
   */
  readonly debiasedEstimationLoss?: boolean | undefined;

  // Noise and timesteps

  /**
   * Strength of an extra noise that is constant over each channel, for very dark and very bright pictures; 0 for none.
   * Flag: `--noise_offset`
   */
  readonly noiseOffset?: number | undefined;

  /**
   * Draw the strength of the noise offset between 0 and its value for every batch.
   * Flag: `--noise_offset_random_strength`
   */
  readonly noiseOffsetRandomStrength?: boolean | undefined;

  /**
   * Add this times the mean of each latent channel to the noise offset. Needs --noise_offset.
   * Flag: `--adaptive_noise_scale`
   */
  readonly adaptiveNoiseScale?: number | undefined;

  /**
   * Levels of coarser noise added to the noise; 0 for none.
   * Flag: `--multires_noise_iterations`
   */
  readonly multiresNoiseIterations?: number | undefined;

  /**
   * How much weaker each coarser level is than the one before.
   * Flag: `--multires_noise_discount`
   * @defaultValue `0.3`
   */
  readonly multiresNoiseDiscount?: number | undefined;

  /**
   * Strength of a disturbance of the noise the model sees; 0 for none.
   * Flag: `--ip_noise_gamma`
   */
  readonly ipNoiseGamma?: number | undefined;

  /**
   * Draw the strength of that disturbance between 0 and its value for every batch.
   * Flag: `--ip_noise_gamma_random_strength`
   */
  readonly ipNoiseGammaRandomStrength?: boolean | undefined;

  /**
   * Rescale the noise schedule so that the last timestep is pure noise. Meant for velocity models.
   * Flag: `--zero_terminal_snr`
   */
  readonly zeroTerminalSnr?: boolean | undefined;

  /**
   * Lowest timestep that is trained; 0 unless said.
   * Flag: `--min_timestep`
   */
  readonly minTimestep?: number | undefined;

  /**
   * Timesteps below this one are trained; 1000 unless said.
   * Flag: `--max_timestep`
   */
  readonly maxTimestep?: number | undefined;

  // Saving

  /**
   * Folder for everything that is written; made when it is not there.
   * Flag: `--output_dir`
   */
  readonly outputDir?: string | undefined;

  /**
   * Name of the files without extension; the new word unless said.
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
   * Number format of saved vectors; float32 unless said.
   * Flag: `--save_precision`
   */
  readonly savePrecision?: "float" | "fp16" | "bf16" | undefined;

  /**
   * Save after every so many epochs as well as at the end.
   * Flag: `--save_every_n_epochs`
   */
  readonly saveEveryNEpochs?: number | undefined;

  /**
   * Save after every so many steps as well as at the end.
   * Flag: `--save_every_n_steps`
   */
  readonly saveEveryNSteps?: number | undefined;

  /**
   * Save this many times, spread over the epochs; wins over --save_every_n_epochs.
   * Flag: `--save_n_epoch_ratio`
   */
  readonly saveNEpochRatio?: number | undefined;

  /**
   * Keep only this many of the files saved at epochs.
   * Flag: `--save_last_n_epochs`
   */
  readonly saveLastNEpochs?: number | undefined;

  /**
   * The same for training states; as --save_last_n_epochs unless said.
   * Flag: `--save_last_n_epochs_state`
   */
  readonly saveLastNEpochsState?: number | undefined;

  /**
   * Keep only the files saved at steps that are at most this many steps old.
   * Flag: `--save_last_n_steps`
   */
  readonly saveLastNSteps?: number | undefined;

  /**
   * The same for training states; as --save_last_n_steps unless said.
   * Flag: `--save_last_n_steps_state`
   */
  readonly saveLastNStepsState?: number | undefined;

  /**
   * Write the whole training state with every save, to go on from there with --resume.
   * Flag: `--save_state`
   */
  readonly saveState?: boolean | undefined;

  /**
   * Write the whole training state once, at the end.
   * Flag: `--save_state_on_train_end`
   */
  readonly saveStateOnTrainEnd?: boolean | undefined;

  /**
   * Folder of a training state to go on from: same numbers as if the run had never stopped. Give the other settings as
   * before.
   * Flag: `--resume`
   */
  readonly resume?: string | undefined;

  // Metadata of .safetensors embeddings

  /**
   * Title; the output name unless said.
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
   * Picture file, or a data: URL.
   * Flag: `--metadata_thumbnail`
   */
  readonly metadataThumbnail?: string | undefined;

  /**
   * What it was merged from.
   * Flag: `--metadata_merged_from`
   */
  readonly metadataMergedFrom?: string | undefined;

  /**
   * Words that call it up.
   * Flag: `--metadata_trigger_phrase`
   */
  readonly metadataTriggerPhrase?: string | undefined;

  /**
   * Preprocessor it needs.
   * Flag: `--metadata_preprocessor`
   */
  readonly metadataPreprocessor?: string | undefined;

  /**
   * Whether it is made for negative prompts; the text is stored as it is.
   * Flag: `--metadata_is_negative_embedding`
   */
  readonly metadataIsNegativeEmbedding?: string | undefined;

  // Pictures drawn during training

  /**
   * File of prompts to draw during training: .txt with one a line, .toml or .json.
   * Flag: `--sample_prompts`
   */
  readonly samplePrompts?: string | undefined;

  /**
   * Draw them after every so many steps.
   * Flag: `--sample_every_n_steps`
   */
  readonly sampleEveryNSteps?: number | undefined;

  /**
   * Draw them after every so many epochs; wins over the steps.
   * Flag: `--sample_every_n_epochs`
   */
  readonly sampleEveryNEpochs?: number | undefined;

  /**
   * Draw them before the first step as well.
   * Flag: `--sample_at_first`
   */
  readonly sampleAtFirst?: boolean | undefined;

  /**
   * Sampler for prompts that name none.
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
   * Folder for TensorBoard logs; each run gets a sub-folder named by its time.
   * Flag: `--logging_dir`
   */
  readonly loggingDir?: string | undefined;

  /**
   * Where the run is logged; TensorBoard when there is a logging folder. Nothing is ever sent to Weights & Biases.
   * Flag: `--log_with`
   */
  readonly logWith?: "tensorboard" | "wandb" | "all" | undefined;

  /**
   * Text in front of the time in the name of the run's folder.
   * Flag: `--log_prefix`
   */
  readonly logPrefix?: string | undefined;

  /**
   * Name of the sub-folder with the logs; textual_inversion unless said.
   * Flag: `--log_tracker_name`
   */
  readonly logTrackerName?: string | undefined;

  /**
   * TOML file with settings of the trackers.
   * No effect here: TensorBoard's files need no settings, and nothing is sent to Weights & Biases.
   * Flag: `--log_tracker_config`
   */
  readonly logTrackerConfig?: string | undefined;

  /**
   * Log the settings too, without secrets and paths: as TensorBoard's hyper-parameters and in a file hparams.yml.
   * Flag: `--log_config`
   */
  readonly logConfig?: boolean | undefined;

  /**
   * Name of the run on Weights & Biases.
   * No effect here: nothing is sent to Weights & Biases.
   * Flag: `--wandb_run_name`
   */
  readonly wandbRunName?: string | undefined;

  /**
   * Key for Weights & Biases.
   * No effect here: nothing is sent to Weights & Biases.
   * Flag: `--wandb_api_key`
   */
  readonly wandbApiKey?: string | undefined;

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

  // Settings file

  /**
   * TOML file of settings; .toml is added when missing. What the command line gives goes before it.
   * Flag: `--config_file`
   */
  readonly configFile?: string | undefined;

  /**
   * Write the settings that differ from their defaults to the file named by --config_file and stop.
   * Flag: `--output_config`
   */
  readonly outputConfig?: boolean | undefined;

  // Precision, speed and memory

  /**
   * Number format of convolutions, matrix products and attention on GPUs: fp16 and bf16 are float16 with loss scaling.
   * Norms, softmax, the loss and everything on the processor are float32.
   * Flag: `--mixed_precision`
   * @defaultValue `no`
   */
  readonly mixedPrecision?: "no" | "fp16" | "bf16" | undefined;

  /**
   * Text encoder and its gradients in float16.
   * No effect here: learned rows, their gradients and the optimizer are float32 in any case; --mixed_precision says
   * what products are computed in.
   * Flag: `--full_fp16`
   */
  readonly fullFp16?: boolean | undefined;

  /**
   * Text encoder and its gradients in bfloat16.
   * No effect here: learned rows, their gradients and the optimizer are float32 in any case; --mixed_precision says
   * what products are computed in.
   * Flag: `--full_bf16`
   */
  readonly fullBf16?: boolean | undefined;

  /**
   * Compute the VAE in float32 even with mixed precision.
   * No effect here: the VAE is computed in float32 in any case.
   * Flag: `--no_half_vae`
   */
  readonly noHalfVae?: boolean | undefined;

  /**
   * Compute activations again in the backward pass instead of keeping them, and hold no flipped copies of kernels:
   * less memory, more time.
   * Flag: `--gradient_checkpointing`
   */
  readonly gradientCheckpointing?: boolean | undefined;

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
   * Attention in chunks.
   * No effect here: attention here never builds the full score matrix anyway.
   * Flag: `--mem_eff_attn`
   */
  readonly memEffAttn?: boolean | undefined;

  /**
   * Hold as little as possible: no second copies of kernels, flipped for the backward pass.
   * Flag: `--lowram`
   */
  readonly lowram?: boolean | undefined;

  /**
   * Keep device memory while latents are cached.
   * No effect here: the runtime reads weights from where they lie in the file.
   * Flag: `--highvram`
   */
  readonly highvram?: boolean | undefined;

  /**
   * Weights in 8 bits.
   * No effect here: sd-scripts' Textual Inversion does not read it either.
   * Flag: `--fp8_base`
   */
  readonly fp8Base?: boolean | undefined;

  /**
   * Processes that load pictures.
   * No effect here: pictures are loaded ahead of the step that needs them, in an order that does not depend on
   * workers.
   * Flag: `--max_data_loader_n_workers`
   * @defaultValue `8`
   */
  readonly maxDataLoaderNWorkers?: number | undefined;

  /**
   * Keep those processes from one epoch to the next.
   * No effect here: pictures are loaded ahead of the step that needs them, in an order that does not depend on
   * workers.
   * Flag: `--persistent_data_loader_workers`
   */
  readonly persistentDataLoaderWorkers?: boolean | undefined;

  // Hugging Face hub

  /**
   * Repository on the Hugging Face hub every saved embedding is uploaded to; made when it is not there.
   * Does not act yet: nothing is uploaded.
   * Flag: `--huggingface_repo_id`
   */
  readonly huggingfaceRepoId?: string | undefined;

  /**
   * Kind of that repository.
   * Does not act yet: nothing is uploaded.
   * Flag: `--huggingface_repo_type`
   */
  readonly huggingfaceRepoType?: string | undefined;

  /**
   * Folder in that repository.
   * Does not act yet: nothing is uploaded.
   * Flag: `--huggingface_path_in_repo`
   */
  readonly huggingfacePathInRepo?: string | undefined;

  /**
   * Access token for the hub.
   * Does not act yet: nothing is uploaded.
   * Flag: `--huggingface_token`
   */
  readonly huggingfaceToken?: string | undefined;

  /**
   * Who sees a new repository: everybody with the word public, else you alone.
   * Does not act yet: nothing is uploaded.
   * Flag: `--huggingface_repo_visibility`
   */
  readonly huggingfaceRepoVisibility?: string | undefined;

  /**
   * Upload training states as well.
   * Does not act yet: nothing is uploaded.
   * Flag: `--save_state_to_huggingface`
   */
  readonly saveStateToHuggingface?: boolean | undefined;

  /**
   * Take the state of --resume from the hub: owner/repository/path[:revision[:type]].
   * Refused: states are not fetched from the hub yet.
   * Flag: `--resume_from_huggingface`
   */
  readonly resumeFromHuggingface?: boolean | undefined;

  /**
   * Upload in the background, except the final embedding.
   * Does not act yet: nothing is uploaded.
   * Flag: `--async_upload`
   */
  readonly asyncUpload?: boolean | undefined;

  // PyTorch and DeepSpeed

  /**
   * Compile the model.
   * No effect here: ONNX Runtime compiles the training graph in any case.
   * Flag: `--torch_compile`
   */
  readonly torchCompile?: boolean | undefined;

  /**
   * Compiler for --torch_compile.
   * No effect here: ONNX Runtime compiles the training graph in any case.
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
   * No effect here: it belongs to PyTorch's way of using several processes.
   * Flag: `--ddp_timeout`
   */
  readonly ddpTimeout?: number | undefined;

  /**
   * Share memory between gradients and their exchange.
   * No effect here: it belongs to PyTorch's way of using several processes.
   * Flag: `--ddp_gradient_as_bucket_view`
   */
  readonly ddpGradientAsBucketView?: boolean | undefined;

  /**
   * Promise that the graph never changes.
   * No effect here: it belongs to PyTorch's way of using several processes.
   * Flag: `--ddp_static_graph`
   */
  readonly ddpStaticGraph?: boolean | undefined;

  /**
   * Train with DeepSpeed.
   * Refused: DeepSpeed is a part of PyTorch's world, and sd-scripts' Textual Inversion was never made for it; leave
   * the flag out.
   * Flag: `--deepspeed`
   */
  readonly deepspeed?: boolean | undefined;

  /**
   * DeepSpeed's ZeRO stage.
   * No effect here: it belongs to DeepSpeed, which is a part of PyTorch's world.
   * Flag: `--zero_stage`
   * @defaultValue `2`
   */
  readonly zeroStage?: 0 | 1 | 2 | 3 | undefined;

  /**
   * Where DeepSpeed keeps the optimizer.
   * No effect here: it belongs to DeepSpeed, which is a part of PyTorch's world.
   * Flag: `--offload_optimizer_device`
   */
  readonly offloadOptimizerDevice?: "cpu" | "nvme" | undefined;

  /**
   * Disk for the optimizer.
   * No effect here: it belongs to DeepSpeed, which is a part of PyTorch's world.
   * Flag: `--offload_optimizer_nvme_path`
   */
  readonly offloadOptimizerNvmePath?: string | undefined;

  /**
   * Where DeepSpeed keeps the parameters.
   * No effect here: it belongs to DeepSpeed, which is a part of PyTorch's world.
   * Flag: `--offload_param_device`
   */
  readonly offloadParamDevice?: "cpu" | "nvme" | undefined;

  /**
   * Disk for the parameters.
   * No effect here: it belongs to DeepSpeed, which is a part of PyTorch's world.
   * Flag: `--offload_param_nvme_path`
   */
  readonly offloadParamNvmePath?: string | undefined;

  /**
   * Build models in DeepSpeed's stage 3 way.
   * No effect here: it belongs to DeepSpeed, which is a part of PyTorch's world.
   * Flag: `--zero3_init_flag`
   */
  readonly zero3InitFlag?: boolean | undefined;

  /**
   * Save in 16 bits in stage 3.
   * No effect here: it belongs to DeepSpeed, which is a part of PyTorch's world.
   * Flag: `--zero3_save_16bit_model`
   */
  readonly zero3Save16bitModel?: boolean | undefined;

  /**
   * Master weights in float16.
   * No effect here: it belongs to DeepSpeed, which is a part of PyTorch's world.
   * Flag: `--fp16_master_weights_and_gradients`
   */
  readonly fp16MasterWeightsAndGradients?: boolean | undefined;

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
   * Write over files of earlier runs with the same name, as sd-scripts does. Without it they are kept as NAME-old1,
   * NAME-old2, ...
   * Flag: `--overwrite`
   */
  readonly overwrite?: boolean | undefined;

  /**
   * Learn vectors of its own for each cross-attention layer of the U-Net (P+, XTI), as train_textual_inversion_XTI.py
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
   * A comment, kept in the metadata of .safetensors files as ss_training_comment.
   * Flag: `--training_comment`
   */
  readonly trainingComment?: string | undefined;

  /**
   * Count as if the epochs before this one had been done; 1 is the first. A resumed run knows by itself.
   * Flag: `--initial_epoch`
   */
  readonly initialEpoch?: number | undefined;

  /**
   * Count as if so many steps had been done. Goes before --initial_epoch.
   * Flag: `--initial_step`
   */
  readonly initialStep?: number | undefined;

  /**
   * With --initial_step or --initial_epoch: pass over the pictures that the steps before would have seen, too.
   * Flag: `--skip_until_initial_step`
   */
  readonly skipUntilInitialStep?: boolean | undefined;

  /**
   * Folder of pictures that is taken as it is, in place of --train_data_dir with its sub-folders REPEATS_CLASS.
   * Repeats come from --dataset_repeats; pictures without a caption file have the new word as their caption.
   * Flag: `--image_dir`
   */
  readonly imageDir?: string | undefined;

  /**
   * Turn and mirror pictures and masks as EXIF says, as viewers show them, before anything is done with them.
   * Flag: `--exif_transpose`
   */
  readonly exifTranspose?: boolean | undefined;

  /**
   * Lay pictures with transparency on this colour: white, black, grey or #rrggbb. Unless said, transparent places show
   * the colours hidden below.
   * Flag: `--alpha_background`
   */
  readonly alphaBackground?: string | undefined;

  /**
   * With --debug_dataset: folder for the pictures as the model would see them, and a sheet of all of them.
   * Flag: `--debug_dataset_dir`
   */
  readonly debugDatasetDir?: string | undefined;

  // Only in a settings file

  /**
   * Share of captions that are left empty.
   * Flag: `--caption_dropout_rate`
   * @defaultValue `0`
   */
  readonly captionDropoutRate?: number | undefined;

  /**
   * Leave all captions empty in every so many-th epoch.
   * Flag: `--caption_dropout_every_n_epochs`
   * @defaultValue `0`
   */
  readonly captionDropoutEveryNEpochs?: number | undefined;

  /**
   * Share of tags that are left out.
   * Flag: `--caption_tag_dropout_rate`
   * @defaultValue `0`
   */
  readonly captionTagDropoutRate?: number | undefined;

  /**
   * Caption of pictures that have no caption file.
   * Flag: `--class_tokens`
   */
  readonly classTokens?: string | undefined;

  /**
   * Share of pictures that are kept out of training.
   * Flag: `--validation_split`
   * @defaultValue `0`
   */
  readonly validationSplit?: number | undefined;

  /**
   * Start of the random choice of those pictures.
   * Flag: `--validation_seed`
   */
  readonly validationSeed?: number | undefined;

  /** Further metadata of .safetensors files: `{ xyz: "text" }` is written as `modelspec.xyz`. */
  readonly extraMetadata?: Readonly<Record<string, string>> | undefined;
  /** Keys of a settings file that no setting has. They are kept, and nothing acts on them. */
  readonly otherSettings?: Readonly<Record<string, unknown>> | undefined;
}
