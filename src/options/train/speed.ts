import type { OptionTable } from "../option.ts";
import { attentionOptions, noScoreMatrix } from "../shared.ts";

const loadedByItself =
  "pictures are loaded ahead of the step that needs them, in an order that does not depend on workers";
const compiledAnyway = "ONNX Runtime compiles the training graph in any case";
const exactRows =
  "learned rows, their gradients and the optimizer are float32 in any case; --mixed_precision says what products are computed in";
const inPlace = "the runtime reads weights from where they lie in the file";
const distributedPyTorch = "it belongs to PyTorch's way of using several processes";
const deepSpeedOnly = "it belongs to DeepSpeed, which is a part of PyTorch's world";

export const speedOptions = {
  mixed_precision: {
    type: "string",
    choices: ["no", "fp16", "bf16"],
    default: "no",
    effect: "numbers",
    help: "Number format of convolutions, matrix products and attention on GPUs: fp16 and bf16 are float16 with loss scaling. Norms, softmax, the loss and everything on the processor are float32.",
  },
  full_fp16: {
    type: "switch",
    effect: "accepted-without-effect",
    note: exactRows,
    help: "Text encoder and its gradients in float16.",
  },
  full_bf16: {
    type: "switch",
    effect: "accepted-without-effect",
    note: exactRows,
    help: "Text encoder and its gradients in bfloat16.",
  },
  no_half_vae: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "the VAE is computed in float32 in any case",
    help: "Compute the VAE in float32 even with mixed precision.",
  },
  gradient_checkpointing: {
    type: "switch",
    effect: "speed",
    help: "Compute activations again in the backward pass instead of keeping them, and hold no flipped copies of kernels: less memory, more time.",
  },
  ...attentionOptions,
  mem_eff_attn: {
    type: "switch",
    effect: "accepted-without-effect",
    note: noScoreMatrix,
    help: "Attention in chunks.",
  },
  lowram: {
    type: "switch",
    effect: "speed",
    help: "Hold as little as possible: no second copies of kernels, flipped for the backward pass.",
  },
  highvram: {
    type: "switch",
    effect: "accepted-without-effect",
    note: inPlace,
    help: "Keep device memory while latents are cached.",
  },
  fp8_base: {
    type: "switch",
    effect: "accepted-without-effect",
    note: "sd-scripts' Textual Inversion does not read it either",
    help: "Weights in 8 bits.",
  },
  max_data_loader_n_workers: {
    type: "int",
    default: 8,
    effect: "accepted-without-effect",
    note: loadedByItself,
    help: "Processes that load pictures.",
  },
  persistent_data_loader_workers: {
    type: "switch",
    effect: "accepted-without-effect",
    note: loadedByItself,
    help: "Keep those processes from one epoch to the next.",
  },
} as const satisfies OptionTable;

/** What belongs to PyTorch, CUDA or DeepSpeed: taken so that a pasted command line works. */
export const pyTorchOptions = {
  torch_compile: {
    type: "switch",
    effect: "accepted-without-effect",
    note: compiledAnyway,
    help: "Compile the model.",
  },
  dynamo_backend: {
    type: "string",
    choices: [
      ...["eager", "aot_eager", "inductor", "aot_ts_nvfuser", "nvprims_nvfuser", "cudagraphs"],
      ...["ofi", "fx2trt", "onnxrt", "tensort", "ipex", "tvm"],
    ],
    default: "inductor",
    effect: "accepted-without-effect",
    note: compiledAnyway,
    help: "Compiler for --torch_compile.",
  },
  ddp_timeout: {
    type: "int",
    effect: "accepted-without-effect",
    note: distributedPyTorch,
    help: "Minutes to wait for other processes.",
  },
  ddp_gradient_as_bucket_view: {
    type: "switch",
    effect: "accepted-without-effect",
    note: distributedPyTorch,
    help: "Share memory between gradients and their exchange.",
  },
  ddp_static_graph: {
    type: "switch",
    effect: "accepted-without-effect",
    note: distributedPyTorch,
    help: "Promise that the graph never changes.",
  },
  deepspeed: {
    type: "switch",
    effect: "accepted-without-effect",
    state: "refused",
    note: "DeepSpeed is a part of PyTorch's world, and sd-scripts' Textual Inversion was never made for it; leave the flag out",
    help: "Train with DeepSpeed.",
  },
  zero_stage: {
    type: "int",
    choices: [0, 1, 2, 3],
    default: 2,
    effect: "accepted-without-effect",
    note: deepSpeedOnly,
    help: "DeepSpeed's ZeRO stage.",
  },
  offload_optimizer_device: {
    type: "string",
    choices: ["cpu", "nvme"],
    effect: "accepted-without-effect",
    note: deepSpeedOnly,
    help: "Where DeepSpeed keeps the optimizer.",
  },
  offload_optimizer_nvme_path: {
    type: "string",
    effect: "accepted-without-effect",
    note: deepSpeedOnly,
    help: "Disk for the optimizer.",
  },
  offload_param_device: {
    type: "string",
    choices: ["cpu", "nvme"],
    effect: "accepted-without-effect",
    note: deepSpeedOnly,
    help: "Where DeepSpeed keeps the parameters.",
  },
  offload_param_nvme_path: {
    type: "string",
    effect: "accepted-without-effect",
    note: deepSpeedOnly,
    help: "Disk for the parameters.",
  },
  zero3_init_flag: {
    type: "switch",
    effect: "accepted-without-effect",
    note: deepSpeedOnly,
    help: "Build models in DeepSpeed's stage 3 way.",
  },
  zero3_save_16bit_model: {
    type: "switch",
    effect: "accepted-without-effect",
    note: deepSpeedOnly,
    help: "Save in 16 bits in stage 3.",
  },
  fp16_master_weights_and_gradients: {
    type: "switch",
    effect: "accepted-without-effect",
    note: deepSpeedOnly,
    help: "Master weights in float16.",
  },
} as const satisfies OptionTable;
