import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "playwright-core";
import type { OpenStudio } from "../../test/studio/launch.ts";
import type { LongRun } from "./written-runs.ts";

/** Shortest measurement of each share, in milliseconds and in steps. */
const [leastMs, leastSteps] = [15_000, 5];

/** The share of a core that watching a run takes, in percent. */
export interface WatchingShare {
  readonly watcher: "nobody" | "a program" | "a page in view" | "a hidden page";
  readonly studio: number;
  readonly browser: number;
}

/** Measures what watching a run takes of a core for each kind of watcher alone. The run is written step by step, not trained, so nothing else is measured. Linux only. */
export async function watchingShares(
  { pid, address, entrance }: OpenStudio,
  page: Page,
  run: LongRun,
  everyMs: number,
): Promise<readonly WatchingShare[]> {
  await page.goto("about:blank");
  const spanMs = Math.max(leastMs, leastSteps * everyMs);
  const writing = setInterval(run.write, everyMs);
  const measure = async (watcher: WatchingShare["watcher"]): Promise<WatchingShare> => {
    await pause(3000);
    const before = usedSeconds();
    await pause(spanMs);
    const after = usedSeconds();
    const share = (fits: (one: number) => boolean): number => {
      const used = [...after].map(([one, seconds]) => (fits(one) ? seconds - (before.get(one) ?? 0) : 0));
      return (100_000 * used.reduce((sum, seconds) => sum + seconds, 0)) / spanMs;
    };
    return { watcher, studio: share((one) => one === pid), browser: share((one) => one !== pid) };
  };
  try {
    const nobody = await measure("nobody");
    const end = new AbortController();
    const authorization = `Bearer ${new URL(entrance).searchParams.get("k")}`;
    const stream = await fetch(`${address}api/events?runs=${run.id}`, {
      headers: { authorization },
      signal: end.signal,
    });
    const hearing = stream.body!.pipeTo(new WritableStream()).catch(() => {});
    const program = await measure("a program");
    end.abort();
    await hearing;
    await page.goto(`${address}run/${encodeURIComponent(run.id)}`);
    const view = await measure("a page in view");
    // as a browser does when another tab covers the page
    await page.evaluate(
      "Object.defineProperty(document, 'hidden', { get: () => true }); document.dispatchEvent(new Event('visibilitychange'))",
    );
    const hidden = await measure("a hidden page");
    await page.goto("about:blank");
    return [nobody, program, view, hidden];
  } finally {
    clearInterval(writing);
  }
}

/** Processor time of each descendant of this process, in seconds. Source: Linux, proc(5), and its schedstat, which counts nanoseconds:
 *  the ticks of stat miss most work shorter than one. */
function usedSeconds(): ReadonlyMap<number, number> {
  const all = new Map<number, { readonly parent: number; readonly seconds: number }>();
  for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one)))
    try {
      const text = readFileSync(`/proc/${name}/stat`, "utf8");
      const [, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
      const nanoseconds = readdirSync(`/proc/${name}/task`).map((thread) =>
        Number(readFileSync(`/proc/${name}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
      );
      all.set(Number(name), { parent: Number(parent), seconds: nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9 });
    } catch {
      // the process has just ended
    }
  const isOurs = (pid: number): boolean => {
    const parent = all.get(pid)?.parent;
    return parent === process.pid || (parent !== undefined && isOurs(parent));
  };
  return new Map([...all].flatMap(([pid, { seconds }]) => (isOurs(pid) ? [[pid, seconds]] : [])));
}
