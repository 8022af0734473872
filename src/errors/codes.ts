/** Every error code of the project with what it means. `docs/errors.md` is generated from this table. Sorted within each room's block. */
export const errorCodes = {
  // graph
  SHAPE: "Tensors of shapes that do not fit together.",
  NOT_DIFFERENTIABLE: "A gradient was asked through an operation that has none.",
  // formats
  SAFETENSORS_INVALID: "A .safetensors file whose header or size is wrong: truncated, damaged or of another kind.",
  // files
  FILE_NOT_FOUND: "A file or folder that does not exist.",
  FILE_UNREADABLE: "A file that exists but cannot be read.",
  OUTPUT_UNWRITABLE: "A folder or file that cannot be written.",
} as const;

export type ErrorCode = keyof typeof errorCodes;
