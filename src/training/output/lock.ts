import path from "node:path";
import { CoinageError } from "../../errors/index.ts";
import { type Holder, type Lock, makeFolder, reasonOf, takeLock } from "../../files/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { TrainingEvent } from "../events.ts";

type NameSettings = Pick<TrainSettings, "outputDir" | "outputName">;

/** Passes on a run's events while it holds a lock: no other run can write files of the same names.
 *  differs from sd-scripts: two runs of the same names overwrite each other's files.
 *  coinage: a second run of the same names is refused.
 *  because: neither run could be told from the other afterwards.
 *  @throws OUTPUT_LOCKED, OUTPUT_UNWRITABLE */
export async function* withOutputLocked(
  settings: NameSettings,
  events: AsyncIterable<TrainingEvent>,
): AsyncGenerator<TrainingEvent> {
  const lock = await lockOutput(settings);
  try {
    yield* events;
  } finally {
    await lock.release();
  }
}

async function lockOutput(settings: NameSettings): Promise<Lock> {
  const { dir, base } = path.parse(path.resolve(settings.outputDir, settings.outputName));
  const file = path.join(dir, `.${base}.lock`);
  const where = `--output_dir ${settings.outputDir} --output_name ${settings.outputName}`;
  let answer: Awaited<ReturnType<typeof takeLock>>;
  try {
    makeFolder(dir);
    answer = await takeLock(file);
  } catch (cause) {
    throw new CoinageError("OUTPUT_UNWRITABLE", `${file} cannot be created (${reasonOf(cause)}).`, {
      where,
      hint: "Check that the folder is writable, that the disk has space and that the name can be a file name.",
      cause,
    });
  }
  if ("heldBy" in answer)
    throw new CoinageError(
      "OUTPUT_LOCKED",
      `Another run is writing to ${path.join(dir, base)}: ${holderText(answer.heldBy)}.`,
      { where, hint: "Wait until it ends, or give this run another --output_name or --output_dir." },
    );
  return answer;
}

function holderText({ pid, host, since }: Holder): string {
  return `process ${pid} on ${host}, since ${since.replace("T", " ").slice(0, 16)} UTC`;
}
