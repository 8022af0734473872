import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { CurvesOf, Entry, RunAbout, RunRow } from "../../../../runs/index.ts";
import type { Problem } from "../../../http/problems.ts";
import { ask, problemIn, rows, useStream } from "../../live/index.ts";
import { openView, type RunView, takeAbout, takeCurves, takeEntry } from "../../state/index.ts";

/** The run of a screen. */
interface Known {
  readonly row: RunRow | undefined;
  readonly view: RunView | undefined;
  /** Why the run could not be read. */
  readonly problem: Problem | undefined;
  /** Applies the changes of an action. */
  readonly change: (change: (view: RunView) => RunView) => void;
}

/** Properties of components that show a part of a run and may change it. */
export interface ShownRun extends Pick<Known, "change"> {
  readonly row: RunRow;
  readonly view: RunView;
}

/** Time within which events are applied together, in milliseconds: one often brings others, such as the row of the run. */
const takeMs = 30;
/** Points read per curve: more than a screen has pixels for. */
const points = 2000;
/** Interval for reading sparse curves again, in milliseconds. */
const refreshMs = 15_000;
/** Wait after the last event about files before `about` is read again, in milliseconds. */
const settledMs = 300;

/** Code of the problem that the studio does not answer, and the wait before the next attempt, in milliseconds. */
const [unreachable, retryMs] = ["UNREACHABLE", 2000];

type Curves = { readonly seq: number; readonly curves: CurvesOf };

const changesFiles: readonly Entry["kind"][] = ["saved", "removed", "choice", "report", "closed"];

/** A run as read from the studio, then kept up to date by its events. */
export function useRunView(id: string): Known {
  const view = useSignal<RunView | undefined>(undefined);
  const problem = useSignal<Problem | undefined>(undefined);
  const told = useSignal<RunRow | undefined>(undefined);
  const path = `/api/runs/${encodeURIComponent(id)}`;
  const readCurves = () => ask<Curves>("GET", `${path}/curves?points=${points}`);
  const tries = useSignal(0);

  useEffect(() => {
    const gone = new AbortController();
    const isHere = () => !gone.signal.aborted;
    const read = async () => {
      // in this order: see openView
      const { run, about } = await ask<{ run: RunRow; about?: RunAbout }>("GET", path);
      if (isHere()) told.value = run;
      if (!about) return;
      const curves = await readCurves();
      const { entries } = await ask<{ entries: readonly Entry[] }>("GET", `${path}/events`);
      if (isHere()) view.value = openView(about, curves, entries);
    };
    let again = 0;
    read()
      .then(() => {
        problem.value = undefined;
      })
      .catch((error) => {
        if (!isHere()) return;
        problem.value = problemIn(error);
        if (problem.value.code !== unreachable) return;
        again = setTimeout(() => {
          tries.value += 1;
        }, retryMs) as unknown as number;
      });
    return () => {
      gone.abort();
      clearTimeout(again);
    };
  }, [id, tries.value]);

  // not requestAnimationFrame: a covered window may get no frames
  const waiting = useRef<Entry[]>([]);
  const taking = useRef<number | undefined>(undefined);
  const timer = useRef<number | undefined>(undefined);
  useEffect(
    () => () => {
      clearTimeout(taking.current);
      clearTimeout(timer.current);
    },
    [],
  );
  const takeWaiting = () => {
    taking.current = undefined;
    const entries = waiting.current.splice(0);
    if (!view.value) return;
    view.value = entries.reduce(takeEntry, view.value);
    if (!entries.some(({ kind }) => changesFiles.includes(kind))) return;
    clearTimeout(timer.current);
    timer.current = setTimeout(async () => {
      const { about } = await ask<{ about?: RunAbout }>("GET", path).catch(() => ({ about: undefined }));
      if (about && view.value) view.value = takeAbout(view.value, about);
    }, settledMs) as unknown as number;
  };
  useStream({
    run: id,
    after: view.value?.seq,
    take: (message) => {
      const entry = JSON.parse(message.data) as Entry & { readonly run?: string };
      if (entry.seq === undefined) return;
      waiting.current.push(entry);
      taking.current ??= setTimeout(takeWaiting, takeMs) as unknown as number;
    },
  });

  const isSparse = view.value?.curves.isSparse ?? false;
  useEffect(() => {
    if (!isSparse) return;
    const refresh = setInterval(async () => {
      const curves = await readCurves().catch(() => undefined);
      if (curves && view.value) view.value = takeCurves(view.value, curves);
    }, refreshMs);
    return () => clearInterval(refresh);
  }, [isSparse]);

  return {
    row: rows.value?.find((row) => row.id === id) ?? told.value,
    view: view.value,
    problem: problem.value,
    change: (change) => {
      if (view.value) view.value = change(view.value);
    },
  };
}
