import { Budget, type Refusal } from "../../budget/index.ts";
import { CoinageError } from "../../errors/index.ts";

/** The error for a file that is damaged, contradicts itself or claims more than it holds. */
export function damaged(what: string, cause?: unknown): CoinageError {
  return new CoinageError("TORCH_FILE_INVALID", `Not a usable PyTorch file: ${what}.`, {
    hint: "The file is damaged, truncated or of another kind. Download or save it again.",
    cause,
  });
}

/** Counts the steps of a file's pickles. */
export function pickleBudget(): Budget {
  return new Budget("pickleSteps", tooMuch("The pickle in the file"));
}

/** Counts the memory taken by reading a file's tensors; twice the file's size is free. */
export function memoryBudget(fileBytes: number): Budget {
  const memory = new Budget("memoryBesideFile", tooMuch("The file"));
  memory.spend(-2 * fileBytes);
  return memory;
}

export function tooMuch(subject: string): Refusal {
  return {
    code: "TORCH_FILE_INVALID",
    subject,
    hint: "No program writes such a file of weights. Get it from a source you trust, as .safetensors.",
  };
}

/** The error for a pickle that asks for something no weight file needs. Nothing has been called. */
export function refusedGlobal(name: string): CoinageError {
  return new CoinageError("PICKLE_REFUSED", `The file asks to load "${name}", which no file of weights needs.`, {
    hint: "It could run a stranger's program, so it is not read. Get the same weights as .safetensors, or from a source you trust.",
  });
}

export function refusedPickle(what: string): CoinageError {
  return new CoinageError("PICKLE_REFUSED", `The file's pickle is refused: ${what}.`, {
    hint: "Get the same weights as .safetensors.",
  });
}
