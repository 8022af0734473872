import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RunAbout, RunRow } from "../../../runs/index.ts";
import type { Problem } from "../../http/problems.ts";
import { ask, problemIn } from "./api.ts";
import type { Message } from "./sse.ts";
import { rows } from "./studio.ts";
import { useStream } from "./use-stream.ts";

/** A run for a screen about it. */
interface ShownRun {
  /** Its current row. */
  readonly run: RunRow;
  /** Undefined for an unreadable run: its row says why. */
  readonly about: RunAbout | undefined;
}

/** Events after which `about` has changed. */
const telling = new Set(["opened", "start", "sample", "saved", "choice", "report", "done", "closed"]);

/** A run, read again whenever it changes; undefined until it is known. hear: called with every message about the run. */
export function useRun(id: string, hear?: (message: Message) => void) {
  const answer = useSignal<ShownRun | { readonly problem: Problem } | undefined>(undefined);
  const read = async (): Promise<void> => {
    try {
      answer.value = await ask<ShownRun>("GET", `/api/runs/${encodeURIComponent(id)}`);
    } catch (error) {
      answer.value = { problem: problemIn(error) };
    }
  };
  useEffect(() => {
    answer.value = undefined;
    read();
  }, [id]);
  const now = answer.value;
  const shown = now && "run" in now ? now : undefined;
  useStream({
    run: id,
    after: shown && (shown.about?.seq ?? 0),
    take: (message) => {
      if (telling.has(message.event)) read();
      hear?.(message);
    },
  });
  return {
    shown: shown && { ...shown, run: rows.value?.find((row) => row.id === id) ?? shown.run },
    problem: now && "problem" in now ? now.problem : undefined,
    /** Takes the marks from the answer to an action. */
    takeMarks: (marks: RunAbout["marks"]): void => {
      if (shown?.about) answer.value = { ...shown, about: { ...shown.about, marks } };
    },
  };
}

/** The address of a file of a run. */
export function fileAddress(
  run: string,
  kind: "samples" | "checkpoints" | "tries" | "pictures",
  name: string,
  { isThumb = false }: { isThumb?: boolean } = {},
): string {
  return `/api/runs/${encodeURIComponent(run)}/files/${kind}/${encodeURIComponent(name)}${isThumb ? "?thumb" : ""}`;
}
