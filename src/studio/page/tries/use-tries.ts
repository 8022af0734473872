import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Try } from "../../using/tries/rows.ts";
import { ask, connection, type Message } from "../live/index.ts";
import { attempt } from "../parts/notices.tsx";
import { type Cell, type Drawing, withTries } from "./tries.ts";

/** Most pictures that the studio accepts in one request. */
const atOnce = 200;

/** The tries of a run, kept up to date by the messages passed to `take`; undefined until they are known. */
export function useTries(run: string) {
  const tries = useSignal<readonly Try[] | undefined>(undefined);
  useEffect(() => {
    const read = async (): Promise<void> => {
      const path = `/api/runs/${encodeURIComponent(run)}/tries`;
      // the run's own request shows why they cannot be read
      const answer = await ask<{ tries: readonly Try[] }>("GET", path).catch(() => undefined);
      if (answer) tries.value = answer.tries;
    };
    read();
    // no journal has the changes made while the tab was hidden
    const look = () => {
      if (!document.hidden) read();
    };
    document.addEventListener("visibilitychange", look);
    let wasLost = false;
    const leave = connection.subscribe(({ state }) => {
      if (state === "connected" && wasLost) read();
      wasLost = state === "lost";
    });
    return () => {
      document.removeEventListener("visibilitychange", look);
      leave();
    };
  }, [run]);
  const add = (newer: readonly Try[]): void => {
    tries.value = withTries(tries.value ?? [], newer);
  };
  return {
    tries: tries.value,
    take: (message: Message): void => {
      if (message.event === "try") add([JSON.parse(message.data) as Try]);
    },
    /** Requests pictures; those already drawn are not drawn again. Returns the tries of the cells, or undefined if refused. */
    draw: async (
      cells: readonly Cell[],
      { width, height, steps, guidance }: Drawing,
    ): Promise<readonly Try[] | undefined> => {
      const all: Try[] = [];
      // a cell may be a whole try: only these fields are accepted
      const asked = cells.map(({ checkpoint, prompt, seed }) => ({ checkpoint, prompt, seed }));
      const isAsked = await attempt(async () => {
        for (let i = 0; i < asked.length; i += atOnce) {
          const body = { run, cells: asked.slice(i, i + atOnce), width, height, steps, guidance };
          all.push(...(await ask<{ tries: readonly Try[] }>("POST", "/api/tries", { body })).tries);
          add(all);
        }
      });
      return isAsked ? all : undefined;
    },
    /** Cancels unfinished pictures: those with the ids, or all. */
    cancel: (ids?: readonly string[]): void => {
      attempt(async () => {
        const body = { run, ...(ids && { ids }) };
        tries.value = (await ask<{ tries: readonly Try[] }>("POST", "/api/tries/cancel", { body })).tries;
      });
    },
  };
}
