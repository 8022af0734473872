import { useEffect, useRef } from "preact/hooks";
import type { RunRow } from "../../../runs/index.ts";
import type { ShortDisk } from "../../disk/room.ts";
import type { Message } from "./sse.ts";
import { connection, Stream } from "./stream.ts";
import { disk, dropRow, readRows, takeRow } from "./studio.ts";

/** What a screen hears besides the rows of all runs. */
interface Listening {
  /** The run whose events are wanted. */
  readonly run?: string;
  /** The number of its last event that is known; nothing is heard before there is one. */
  readonly after?: number | undefined;
  readonly take?: (message: Message) => void;
}

/** Hears of what happens as long as the component is shown: rows of runs are taken for all screens, the rest is the component's. */
export function useStream({ run, after, take }: Listening = {}): void {
  const latest = useRef(take);
  latest.current = take;
  const isWaiting = run !== undefined && after === undefined;
  // the position counts for the first connection alone: the stream itself knows how far it has come
  const first = useRef(after);
  first.current ??= after;
  useEffect(() => {
    if (isWaiting) return;
    const last = run === undefined ? undefined : `${encodeURIComponent(run)}:${first.current}`;
    const stream = new Stream(run === undefined ? [] : [run], last, (message) => {
      if (message.event === "run") takeRow(JSON.parse(message.data) as RunRow);
      else if (message.event === "gone") dropRow((JSON.parse(message.data) as Pick<RunRow, "id">).id);
      else if (message.event === "disk") disk.value = JSON.parse(message.data) as ShortDisk | null;
      else latest.current?.(message);
    });
    return () => {
      first.current = undefined;
      stream.close();
    };
  }, [run, isWaiting]);
  useEffect(() => {
    let wasLost = false;
    return connection.subscribe(({ state }) => {
      // runs that were moved away meanwhile are told by nobody
      if (state === "connected" && wasLost) readRows().catch(() => {});
      wasLost = state === "lost";
    });
  }, []);
}
