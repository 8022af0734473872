import { CoinageError } from "../../errors/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import type { TrainingCommand, TrainingEvent } from "../events.ts";
import type { Progress } from "../loop/progress.ts";
import type { WarningCounter } from "../warnings.ts";
import type { Previews } from "./previews.ts";
import type { RunFiles } from "./run-files.ts";
import { save } from "./saving.ts";

/** The run that carries out commands. */
interface AskedRun {
  readonly settings: Pick<TrainSettings, "xti">;
  readonly progress: Progress;
  readonly files: RunFiles;
  readonly warnings: WarningCounter;
}

/** Carries out commands to a run. A command that fails is answered with the problem and does not end the run. */
export async function* obey(
  run: AskedRun,
  previews: Previews,
  commands: readonly TrainingCommand[],
): AsyncGenerator<TrainingEvent> {
  for (const asked of commands) {
    try {
      asked.answer(yield* done(run, previews, asked));
    } catch (error) {
      asked.answer(
        error instanceof CoinageError ? [error.message, error.hint].filter(Boolean).join(" ") : String(error),
      );
    }
  }
}

/** Carries out a command; returns why it could not. */
async function* done(
  run: AskedRun,
  previews: Previews,
  asked: TrainingCommand,
): AsyncGenerator<TrainingEvent, string | undefined> {
  const { settings, progress, files } = run;
  switch (asked.command) {
    case "sample":
      if (settings.xti) return "No sample images are generated with --xti.";
      if (!asked.signal?.aborted) yield* previews.draw(asked);
      return asked.signal?.aborted ? "It was given up." : undefined;
    case "save": {
      const { embedding, state } = yield* save(run, { kind: "step", step: progress.step }, true);
      return (embedding.problem ?? state?.problem)?.message;
    }
    case "keepState":
      return (await files.writeState({ kind: "final" })).problem?.message;
    case "set":
      if (settings.xti) return "No sample images are generated with --xti.";
      previews.sampleEvery(asked.sampleEvery);
      return undefined;
  }
}
