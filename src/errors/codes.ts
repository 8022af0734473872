/** Every error code of the project with what it means. `docs/errors.md` is generated from this table. Sorted within each room's block. */
export const errorCodes = {
  // cli
  COMMAND_LATER: "A command that is planned but not there yet.",
  // errors
  OUT_OF_MEMORY: "The memory of this machine, or a limit on it, does not suffice.",
  SYSTEM_REFUSED: "The operating system refused something: room on the disk, permissions, open files.",
  // graph
  SHAPE: "Tensors of shapes that do not fit together.",
  NOT_DIFFERENTIABLE: "A gradient was asked through an operation that has none.",
  // training
  RESOLUTION: "A training resolution that the model cannot take.",
  OUTPUT_LOCKED: "Another run is under way that writes files of the same names into the same folder.",
  STATE_MISMATCH: "A training state (--resume) of a run with another model, other pictures or other settings.",
  STATE_UNREADABLE: "A folder without a training state, or with one that is damaged or of another version.",
  // models
  ARCHITECTURE_UNKNOWN: "A model whose tensors do not tell how it is built, or that is built in a way not supported.",
  // runtime
  DEVICE_UNAVAILABLE: "A device (--device) that this machine cannot have, or that does not work on it.",
  FEED: "A program was run with feeds that do not fit its inputs.",
  RUNTIME: "ONNX Runtime could not load or run a graph.",
  WEIGHTS_CHANGED: "A model file that was written to while a run used it.",
  // diffusion
  SAMPLER_STEPS: "A number of sampling steps that the sampler cannot take.",
  SAMPLER_UNKNOWN: "A sampler name that does not exist.",
  // training/optimizers
  OPTIMIZER_ARGS: "An --optimizer_args word that cannot be read, or that the optimizer does not know.",
  OPTIMIZER_UNKNOWN: "An optimizer name that does not exist.",
  // training/lr-schedules
  LR_SCHEDULE: "Learning rate settings that contradict each other or cannot work.",
  LR_SCHEDULE_UNKNOWN: "A learning rate schedule that does not exist.",
  // formats
  PICKLE_REFUSED: "A PyTorch file that asks for code or for something no file of weights needs; nothing of it was run.",
  PNG_INVALID: "A PNG picture whose parts cannot be read, or that lacks what is asked of it.",
  SAFETENSORS_INVALID: "A .safetensors file whose header or size is wrong: truncated, damaged or of another kind.",
  TORCH_FILE_INVALID: "A PyTorch file (.pt, .bin, .ckpt) that is damaged, cut short or claims more than it holds.",
  // embedding
  EMBEDDING_AMBIGUOUS: "Several tensors or words in an embedding file that are no known set.",
  EMBEDDING_COUNT: "An embedding to start training from has another number of vectors than asked for.",
  EMBEDDING_DTYPE: "An embedding whose vectors are stored as another kind of number than floating-point.",
  EMBEDDING_EMPTY: "An embedding file without vectors.",
  EMBEDDING_FAMILY: "An embedding for another kind of model, or half of an SDXL pair.",
  EMBEDDING_INVALID:
    "An embedding file that contradicts itself, whose text cannot be read, or that is a file of another kind, such as a web page.",
  EMBEDDING_LAYERS:
    "An embedding with vectors for each layer of the U-Net (XTI, P+), of another U-Net than the model's.",
  EMBEDDING_NOT_FINITE: "An embedding with NaN or infinity in its vectors.",
  EMBEDDING_SHAPE: "An embedding whose tensors do not have the shape of vectors.",
  EMBEDDING_UNRECOGNIZED: "A file without an embedding.",
  EMBEDDING_UNSUPPORTED: "An embedding of a kind that is not supported.",
  EMBEDDING_WIDTH: "An embedding whose vectors are wider or narrower than the model's.",
  // checkpoint
  CHECKPOINT_CONTRADICTED: "A flag says of the model what its file shows it not to be.",
  CHECKPOINT_DTYPE: "A needed weight is stored as a kind of number that is not supported.",
  CHECKPOINT_FOREIGN:
    "A file that is no Stable Diffusion 1, 2 or XL base model: a LoRA, a ControlNet, another program's file.",
  CHECKPOINT_INCOMPLETE: "A model that lacks tensors or files it needs.",
  CHECKPOINT_INPAINTING: "An inpainting model where it cannot be used.",
  CHECKPOINT_UNREADABLE: "A model file or folder that is damaged or of no known kind.",
  // hub
  HUB_ADDRESS: "HF_ENDPOINT is not the address of a server.",
  HUB_CACHE_UNKNOWN: "A model of the Hugging Face hub for a user without a home folder to keep it in.",
  HUB_DENIED: "The Hugging Face hub does not give out a model: it wants an agreement or an access token.",
  HUB_FAILED: "The Hugging Face hub gave an answer that cannot be used.",
  HUB_NOT_FOUND:
    "A name that is no path here and no model on the Hugging Face hub, or a model there without usable files.",
  HUB_OFFLINE: "A model that is not in the cache while the Hugging Face hub cannot be reached or may not be asked.",
  // formats/bmp
  BMP_INVALID: "A Windows bitmap that is damaged or of a kind nobody writes.",
  // formats/npz
  NPZ_INVALID: "A NumPy .npz file that is damaged or holds arrays of an unknown kind.",
  // pictures
  PICTURE_UNREADABLE: "A picture that cannot be decoded.",
  // dataset
  BUCKET_LIMITS: "Bucket settings that contradict the training resolution.",
  CAPTION_UNREADABLE: "A caption file that is empty, not UTF-8 or cannot be read.",
  DATASET_CONFIG: "A mistake in a dataset config, in a metadata file or in the settings that go with them.",
  DATASET_EMPTY: "No pictures to train on.",
  LATENTS_UNREADABLE:
    "A latent cache that is damaged, does not fit what it stands in for, or was written anew while a run used it.",
  MASK_MISSING: "A picture without its mask, or a mask without its picture.",
  PICTURE_CHANGED: "A picture or a mask that was written to while a run used it.",
  // files
  FILE_NOT_FOUND: "A file or folder that does not exist.",
  FILE_UNREADABLE: "A file that exists but cannot be read.",
  OUTPUT_UNWRITABLE: "A folder or file that cannot be written.",
  // options
  OPTION_UNSUPPORTED: "A flag of sd-scripts that is known but cannot be followed here.",
  OUTPUT_EXISTS: "A file that would be written over.",
  SETTINGS_CONFLICT: "Settings that contradict each other, or a value that cannot work.",
  SETTINGS_FILE_INVALID:
    "A settings file (--config_file, --log_tracker_config) that is no TOML or holds a value its setting cannot take.",
  SETTINGS_MISSING: "Settings without which a run cannot start.",
  USAGE: "A command line that cannot be read: unknown command or flag, missing or wrong value.",
  // generation
  PICTURE_SIZE: "A size at which no picture can be drawn, or a mask that does not fit its picture.",
  PROMPT_INVALID: "A line of prompts with an option or a choice that cannot be followed.",
  PROMPT_MISSING: "Nothing to draw: no prompt where prompts were to be found.",
  PROMPT_UNSUPPORTED: "A prompt that asks for something that is not there yet.",
  // tokenizer
  INIT_WORD_EMPTY: "An init word without any token to start from.",
  PROMPT_WEIGHT_INVALID: "A weight in a prompt that is no number.",
  TEXT_SPOILED: "A text that was wrongly encoded so many times over that no real one is.",
  TOKEN_EMPTY: "A learned word without a name.",
  TOKEN_EXISTS: "A learned word that is an entry of the model's vocabulary already.",
  TOKENIZER_INVALID: "A table of merges that is no CLIP tokenizer's.",
} as const;

export type ErrorCode = keyof typeof errorCodes;
