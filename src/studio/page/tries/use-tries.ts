import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, connection, type Message } from "../live/index.ts";
import { attempt } from "../parts/notices.tsx";
import { type Cell, type Drawing, type Try, withTries } from "./tries.ts";

/** The tries of a run, kept up to date by the messages that `take` is given. undefined until they are known. */
export function useTries(run: string) {
  const tries = useSignal<readonly Try[] | undefined>(undefined);
  useEffect(() => {
    const read = () =>
      attempt(async () => {
        tries.value = (await ask<{ tries: readonly Try[] }>("GET", `/api/runs/${encodeURIComponent(run)}/tries`)).tries;
      });
    read();
    // what became of them while nobody was told is in no journal
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
    /** Asks for pictures; what is drawn already is not drawn again. Gives the tries of the cells, or undefined when it was refused. */
    draw: async (cells: readonly Cell[], drawing: Drawing): Promise<readonly Try[] | undefined> => {
      let asked: readonly Try[] | undefined;
      await attempt(async () => {
        const body = { run, cells, ...drawing };
        asked = (await ask<{ tries: readonly Try[] }>("POST", "/api/tries", { body })).tries;
        add(asked);
      });
      return asked;
    },
  };
}
