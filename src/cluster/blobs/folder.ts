import os from "node:os";
import path from "node:path";
import { cachesFolder, type Environment } from "../../files/index.ts";

/** Where weights of other machines' runs are kept. */
export function blobFolder(environment: Environment): string {
  const { COINAGE_CACHE } = environment;
  if (COINAGE_CACHE && COINAGE_CACHE !== "off") return path.resolve(COINAGE_CACHE, "blobs");
  const caches = COINAGE_CACHE === "off" ? undefined : cachesFolder(environment, "LOCALAPPDATA");
  return caches === undefined ? path.join(os.tmpdir(), "coinage-blobs") : path.join(caches, "coinage", "blobs");
}
