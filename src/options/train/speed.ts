import type { OptionTable } from "../option.ts";
import { attentionOptions, noScoreMatrix } from "../shared.ts";

const loadedByItself =
  "images are loaded ahead of the step that needs them, in an order that does not depend on workers";
const compiled = {
  effect: "accepted-without-effect",
  note: "ONNX Runtime always optimizes the training graph",
} as const;
const exactRows =
  "the embeddings, their gradients and the optimizer are always float32; --mixed_precision sets the precision of the networks";
const inPlace = "weights are read in place from the file";
const distributed = {
  effect: "accepted-without-effect",
  note: "it belongs to PyTorch's distributed training",
} as const;
const deepSpeed = { effect: "accepted-without-effect", note: "it belongs to DeepSpeed, which needs PyTorch" } as const;

export const speedOptions = {
  mixed_precision: {
    type: "string",
    choices: ["no", "fp16", "bf16"],
    default: "no",
    effect: "numbers",
    help: "Precision of convolutions, matrix products and attention on GPUs: fp16 and bf16 both use float16 with loss scaling. Norms, softmax, the loss and everything on CPUs are float32.",
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
    note: "the VAE always runs in float32",
    help: "Run the VAE in float32 even with mixed precision.",
  },
  gradient_checkpointing: {
    type: "switch",
    effect: "speed",
    help: "Recompute activations in the backward pass instead of keeping them, and keep no flipped copies of kernels: less memory, more time.",
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
    help: "Use less memory: keep no copies of kernels flipped for the backward pass.",
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
    note: "Textual Inversion in sd-scripts ignores it too",
    help: "Weights in 8 bits.",
  },
  max_data_loader_n_workers: {
    type: "int",
    default: 8,
    effect: "accepted-without-effect",
    note: loadedByItself,
    help: "Number of processes that load images.",
  },
  persistent_data_loader_workers: {
    type: "switch",
    effect: "accepted-without-effect",
    note: loadedByItself,
    help: "Keep those processes from one epoch to the next.",
  },
} as const satisfies OptionTable;

/** Flags of PyTorch, CUDA or DeepSpeed: accepted so that pasted command lines work. */
export const pyTorchOptions = {
  torch_compile: { ...compiled, type: "switch", help: "Compile the model." },
  dynamo_backend: {
    ...compiled,
    type: "string",
    choices: [
      ...["eager", "aot_eager", "inductor", "aot_ts_nvfuser", "nvprims_nvfuser", "cudagraphs"],
      ...["ofi", "fx2trt", "onnxrt", "tensort", "ipex", "tvm"],
    ],
    default: "inductor",
    help: "Compiler for --torch_compile.",
  },
  ddp_timeout: { ...distributed, type: "int", help: "Minutes to wait for other processes." },
  ddp_gradient_as_bucket_view: {
    ...distributed,
    type: "switch",
    help: "Share memory between gradients and communication buckets.",
  },
  ddp_static_graph: { ...distributed, type: "switch", help: "Declare that the graph never changes." },
  deepspeed: {
    type: "switch",
    effect: "accepted-without-effect",
    state: "refused",
    note: "DeepSpeed needs PyTorch, and Textual Inversion in sd-scripts does not support it; leave the flag out",
    help: "Train with DeepSpeed.",
  },
  zero_stage: { ...deepSpeed, type: "int", choices: [0, 1, 2, 3], default: 2, help: "DeepSpeed's ZeRO stage." },
  offload_optimizer_device: {
    ...deepSpeed,
    type: "string",
    choices: ["cpu", "nvme"],
    help: "Where DeepSpeed offloads the optimizer.",
  },
  offload_optimizer_nvme_path: { ...deepSpeed, type: "string", help: "NVMe path for the optimizer." },
  offload_param_device: {
    ...deepSpeed,
    type: "string",
    choices: ["cpu", "nvme"],
    help: "Where DeepSpeed offloads the parameters.",
  },
  offload_param_nvme_path: { ...deepSpeed, type: "string", help: "NVMe path for the parameters." },
  zero3_init_flag: { ...deepSpeed, type: "switch", help: "Initialize models for ZeRO stage 3." },
  zero3_save_16bit_model: { ...deepSpeed, type: "switch", help: "Save 16-bit weights in ZeRO stage 3." },
  fp16_master_weights_and_gradients: { ...deepSpeed, type: "switch", help: "Master weights in float16." },
} as const satisfies OptionTable;
