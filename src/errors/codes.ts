/** Every error code of the project with its meaning. `docs/errors.md` is generated from this table. Sorted within each room's block. */
export const errorCodes = {
  // cli
  // cluster
  CLUSTER_DENIED: "The queue of a shared run refuses a user or a password, or the user lacks a right.",
  CLUSTER_FULL: "The queue of a shared run accepts no jobs: its disk or its memory is full.",
  CLUSTER_INSECURE:
    "A queue that other machines reach without a password or a secret, or a secret that others can read.",
  CLUSTER_PACKAGES: "The packages that talk to a queue are not installed.",
  CLUSTER_PROTOCOL: "A message among the machines of a run that is not what its kind must be.",
  CLUSTER_RUN: "A run of a sweep at which workers have failed several times.",
  CLUSTER_TLS: "The certificate of a queue's server is not accepted.",
  CLUSTER_UNREACHABLE: "The queue of a shared run cannot be reached.",
  CLUSTER_WEIGHTS: "A worker cannot get weights or latents of a run, or they are not the ones that the run has.",
  // sweep
  SWEEP_INVALID: "A sweep file (coinage sweep) whose tables or axes are not what they must be.",
  // studio
  ACTION_INTERRUPTED:
    "Something was asked of the studio for which the studio before was asked already, and ended meanwhile.",
  BODY_INVALID: "A request to the studio whose contents are not what its route takes.",
  BODY_TOO_LARGE: "A request to the studio, or a file sent to it, with more bytes than are accepted.",
  CHECK_FAILED: "The process in which the studio tries settings and looks at models ended before it had answered.",
  CSRF_MISSING: "A request that changes something in the studio, without the header that only its page knows.",
  DISK_FULL: "The disk has too little room left for images of the studio.",
  DRAFT_CHANGED: "A draft of the studio was changed elsewhere, for instance in another tab.",
  DRAFT_FULL: "A draft of the studio with as many images, or as many bytes of them, as it can have.",
  DRAFT_INVALID: "A draft of the studio that is damaged, of another version, or has settings that a draft cannot have.",
  DRAFT_UNKNOWN: "A draft that the studio does not have.",
  EXPORT_DIFFERS:
    "A file that was written for another program holds other numbers than the checkpoint when it is read back.",
  HOST_REFUSED: "A request to the studio under a name that is not its own.",
  KEY_MISSING: "A request to the studio without its key.",
  MODEL_UNKNOWN: "A model that is not in the studio's list, or is not the name of one on the hub.",
  NAME_REFUSED: "A name that a file or folder of the studio cannot have.",
  ORIGIN_REFUSED: "A request to the studio from another page.",
  OUTSIDE_ROOT: "A link that leads out of the folders that the studio may list.",
  REPORT_FAILED: "The process that makes the report of a run for the studio ended before it was done.",
  ROOT_UNKNOWN: "A folder that the studio may not list.",
  ROUTE_UNKNOWN: "An address that the studio does not have.",
  STUDIO_FILE_INVALID: "The studio's own file, studio.json, is damaged.",
  TRY_FAILED: "An image of a word of the studio that could not be drawn.",
  // errors
  OUT_OF_MEMORY: "This machine, or a limit on it, has too little memory.",
  SYSTEM_REFUSED: "The operating system refused something: disk space, permissions, open files.",
  // runs
  RUN_AMBIGUOUS: "A name that several runs have.",
  RUN_BUSY: "A run that another process is training.",
  RUN_ENDED: "A run that is done, where one is needed that can go on or be stopped.",
  RUN_CHANGED: "A run that has begun, was told to stop or has ended since a page of the studio last heard of it.",
  RUN_NEWER: "A run folder of a later version of coinage: it is shown and not changed.",
  RUN_NOT_FOUND: "A run that is not in the folder of runs.",
  RUN_NOT_STARTED: "A run whose process could not be started, or ended before it had opened the run.",
  RUN_SMALLEST: "A run that cannot be made again with less memory by its batch alone.",
  RUN_UNREADABLE: "A run folder whose run.json is missing or damaged.",
  // graph
  SHAPE: "Tensor shapes that do not match.",
  NOT_DIFFERENTIABLE: "A gradient was requested through an operation that has none.",
  // report
  REPORT_INVALID: "A file NAME.report.json that is damaged, or of another version.",
  // training
  RESOLUTION: "A training resolution that the model does not support.",
  OUTPUT_LOCKED: "Another run is writing files of the same names to the same folder.",
  STATE_MISMATCH: "A training state (--resume) from a run with another model, other images or other settings.",
  STATE_UNREADABLE: "A folder without a training state, or with a damaged one or one of another version.",
  // models
  ARCHITECTURE_UNKNOWN: "A model whose architecture cannot be detected from its tensors, or is not supported.",
  // runtime
  DEVICE_UNAVAILABLE: "A device (--device) that is not available on this machine, or does not work on it.",
  FEED: "A program was run with feeds that do not match its inputs.",
  RUNTIME: "ONNX Runtime could not load or run a graph.",
  WEIGHTS_CHANGED: "A model file that changed while a run used it.",
  // diffusion
  SAMPLER_STEPS: "A number of sampling steps that the sampler does not support.",
  SAMPLER_UNKNOWN: "An unknown sampler.",
  // training/optimizers
  OPTIMIZER_ARGS: "An argument in --optimizer_args that cannot be parsed, or that the optimizer does not have.",
  OPTIMIZER_UNKNOWN: "An unknown optimizer.",
  // training/lr-schedules
  LR_SCHEDULE: "Learning rate settings that contradict each other or cannot work.",
  LR_SCHEDULE_UNKNOWN: "An unknown learning rate schedule.",
  // formats
  PICKLE_REFUSED:
    "A PyTorch file that contains code, or something else that weights do not need; none of it was executed.",
  PNG_INVALID: "A PNG image that is damaged, or that lacks what is needed from it.",
  SAFETENSORS_INVALID: "A .safetensors file whose header or size is wrong: truncated, damaged or of another kind.",
  TORCH_FILE_INVALID:
    "A PyTorch file (.pt, .bin, .ckpt) that is damaged or truncated, or declares more data than it contains.",
  // embedding
  EMBEDDING_AMBIGUOUS: "An embedding file with several tensors or words in no known combination.",
  EMBEDDING_COUNT: "An embedding to start training from has another number of vectors than --num_vectors_per_token.",
  EMBEDDING_DTYPE: "An embedding whose vectors are not floating-point numbers.",
  EMBEDDING_EMPTY: "An embedding file without vectors.",
  EMBEDDING_FAMILY: "An embedding for another kind of model, or half of an SDXL pair.",
  EMBEDDING_INVALID:
    "An embedding file that is inconsistent, has unreadable text, or is another kind of file, such as a web page.",
  EMBEDDING_LAYERS:
    "An embedding with vectors for each layer of the U-Net (XTI, P+), for another U-Net than the model's.",
  EMBEDDING_NOT_FINITE: "An embedding with NaN or infinite values in its vectors.",
  EMBEDDING_SHAPE: "An embedding whose tensors do not have the shape of embedding vectors.",
  EMBEDDING_UNRECOGNIZED: "A file that contains no known embedding.",
  EMBEDDING_UNSUPPORTED: "An embedding of an unsupported kind.",
  EMBEDDING_WIDTH: "An embedding whose vectors have another dimension than the model's.",
  // checkpoint
  CHECKPOINT_CONTRADICTED: "A flag about the model contradicts its file.",
  CHECKPOINT_DTYPE: "A required weight is stored in an unsupported data type.",
  CHECKPOINT_FOREIGN:
    "A file that is not a Stable Diffusion 1, 2 or XL base model: a LoRA, a ControlNet, a file of another program.",
  CHECKPOINT_INCOMPLETE: "A model that lacks required tensors or files.",
  CHECKPOINT_INPAINTING: "An inpainting model where it cannot be used.",
  CHECKPOINT_UNREADABLE: "A model file or folder that is damaged or of an unknown kind.",
  // hub
  HUB_ADDRESS: "HF_ENDPOINT is not a valid server URL.",
  HUB_CACHE_UNKNOWN: "A model on the Hugging Face hub, but the user has no home folder to cache it in.",
  HUB_DENIED: "The Hugging Face hub refuses a model: it requires accepting a licence or an access token.",
  HUB_FAILED: "The Hugging Face hub sent an unusable response.",
  HUB_NOT_FOUND:
    "A name that is neither a local path nor a model on the Hugging Face hub, or a model there without usable files.",
  HUB_OFFLINE: "A model that is not in the cache while the Hugging Face hub is unreachable or offline mode is set.",
  // formats/bmp
  BMP_INVALID: "A Windows bitmap that is damaged or of an obsolete kind.",
  // formats/npz
  NPZ_INVALID: "A NumPy .npz file that is damaged or contains arrays of an unknown kind.",
  // pictures
  PICTURE_UNREADABLE: "An image that cannot be decoded.",
  // dataset
  BUCKET_LIMITS: "Bucket settings that contradict the training resolution.",
  CAPTION_UNREADABLE: "A caption file that is empty, not UTF-8, or cannot be read.",
  DATASET_CONFIG: "A mistake in a dataset config, in a metadata file, or in the settings that go with them.",
  DATASET_EMPTY: "No images to train on.",
  HOLD_OUT: "More images are to be held out (--hold_out) than can be spared.",
  LATENTS_UNREADABLE: "A latent cache that is damaged, does not match its image, or was rewritten while a run used it.",
  MASK_MISSING: "An image without a mask, or a mask without an image.",
  PICTURE_CHANGED: "An image or mask that changed while a run used it.",
  // files
  FILE_NOT_FOUND: "A file or folder that does not exist.",
  FILE_UNREADABLE: "A file that exists but cannot be read.",
  OUTPUT_UNWRITABLE: "A folder or file that cannot be written.",
  // options
  OPTION_UNSUPPORTED: "A flag of sd-scripts that is not supported.",
  OUTPUT_EXISTS: "A file that would be overwritten.",
  SETTINGS_CONFLICT: "Settings that contradict each other, or an impossible value.",
  SETTINGS_FILE_INVALID:
    "A settings file (--config_file, --log_tracker_config) that is not valid TOML or contains a value its setting does not accept.",
  SETTINGS_MISSING: "Required settings are missing.",
  USAGE: "A mistake in the command line: an unknown command or flag, a missing or wrong value.",
  // generation
  PICTURE_SIZE: "A size at which no image can be generated, or a mask that does not match its image.",
  PROMPT_INVALID: "A prompt line with an invalid option or value.",
  PROMPT_MISSING: "Nothing to generate: no prompt was found.",
  PROMPT_UNSUPPORTED: "A prompt that uses a feature that is not supported yet.",
  // tokenizer
  INIT_WORD_EMPTY: "An init word that has no tokens to start from.",
  INIT_WORD_UNKNOWN: "A word to start from (--init_word), with a recipe, that the model knows only in pieces.",
  PROMPT_WEIGHT_INVALID: "A weight in a prompt that is not a number.",
  TEXT_SPOILED: "Text that was garbled by repeated wrong encoding more often than real text ever is.",
  TOKEN_EMPTY: "An empty placeholder token.",
  TOKEN_EXISTS: "A placeholder token that is already in the model's vocabulary.",
  TOKENIZER_INVALID: "A merge table that is not from a CLIP tokenizer.",
} as const;

export type ErrorCode = keyof typeof errorCodes;
