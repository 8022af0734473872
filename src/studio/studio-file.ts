import { randomBytes } from "node:crypto";
import { chmod, open, rename, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { CoinageError } from "../errors/index.ts";
import { type Environment, folderIn, kindOfPath, readRegularTextFile } from "../files/index.ts";

const schema = z.object({
  schema: z.literal(1),
  key: z.string().regex(/^[\w-]{43}$/),
  /** The port on which the studio listens, or last did. */
  port: z.int().optional(),
});

/** Contents of `studio.json` in the studio's home. Only its user may read it, since it has the key. */
export type StudioFile = z.output<typeof schema>;

/** The folder of drafts and of studio.json: COINAGE_HOME, else `coinage` in the user's home. */
export function studioHome(environment: Environment = process.env): string {
  return path.resolve(folderIn(environment, "COINAGE_HOME") ?? path.join(os.homedir(), "coinage"));
}

function fileOf(home: string): string {
  return path.join(home, "studio.json");
}

/** The contents of the file, or new ones with a new key. The key stays, so that open tabs and bookmarks survive a restart.
 *  @throws STUDIO_FILE_INVALID */
export async function readStudioFile(home: string): Promise<StudioFile> {
  const file = fileOf(home);
  if ((await kindOfPath(file)) === "nothing") return { schema: 1, key: randomBytes(32).toString("base64url") };
  const text = await readRegularTextFile(file, "studioBody", { code: "STUDIO_FILE_INVALID", subject: file });
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CoinageError("STUDIO_FILE_INVALID", `${file} is damaged, or of another version.`, {
      hint: "Delete it: the studio then makes a new key, and bookmarks of the old one no longer work. Runs and drafts stay.",
      cause,
    });
  }
}

/** Writes the file atomically, readable only by its user. */
export async function writeStudioFile(home: string, content: StudioFile): Promise<void> {
  const part = `${fileOf(home)}.${process.pid}.part`;
  await rm(part, { force: true });
  const handle = await open(part, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(content, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // the umask may have allowed more
  await chmod(part, 0o600);
  await rename(part, fileOf(home));
}
