import type { ByteSource } from "../../array/index.ts";
import { CoinageError } from "../../errors/index.ts";
import { damaged } from "./problems.ts";
import { readLegacyContainer } from "./read-legacy.ts";
import { readZipContainer } from "./read-zip.ts";
import type { PickleValue } from "./values.ts";

export interface TorchFile {
  readonly container: "zip" | "legacy";
  readonly value: PickleValue;
}

/** The object in a file of torch.save, with its tensors as windows on the file. Only data is built, by a closed list of names;
 *  a file that names anything else is refused as a whole. Sizes are checked before anything is allocated.
 *  @throws PICKLE_REFUSED naming what was asked for; TORCH_FILE_INVALID */
export function readTorchFile(source: ByteSource): TorchFile {
  try {
    const start = source.read(0, Math.min(4, source.size));
    if (start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4)
      return { container: "zip", value: readZipContainer(source) };
    if (start[0] === 0x80) return { container: "legacy", value: readLegacyContainer(source) };
    throw damaged(source.size === 0 ? "it is empty" : "it is neither a zip archive nor a pickle");
  } catch (error) {
    if (!(error instanceof CoinageError) || error.where !== undefined) throw error;
    throw new CoinageError(error.code, error.message, {
      where: source.path,
      cause: error.cause ?? error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}
