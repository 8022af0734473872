import { useEffect, useRef } from "preact/hooks";
import type { RunRow } from "../../../runs/index.ts";
import type { ShortDisk } from "../../disk/room.ts";
import type { Message } from "./sse.ts";
import { connection, Stream } from "./stream.ts";
import { disk, dropRow, readRows, takeRow } from "./studio.ts";

/** What a screen listens to besides the rows of all runs. */
interface Listening {
  /** The run whose events are wanted. */
  readonly run?: string;
  /** Number of the run's last known event; without it the screen does not listen yet. */
  readonly after?: number | undefined;
  readonly take?: (message: Message) => void;
}

/** Listens to the event stream while the component is shown: rows are taken for all screens, other messages go to the component. */
export function useStream({ run, after, take }: Listening = {}): void {
  const latest = useRef(take);
  latest.current = take;
  const isWaiting = run !== undefined && after === undefined;
  // only for the first connection: later the stream knows its own position
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
      // no message reports runs that were moved away meanwhile
      if (state === "connected" && wasLost) readRows().catch(() => {});
      wasLost = state === "lost";
    });
  }, []);
}
