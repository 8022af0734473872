import { signal } from "@preact/signals";
import { EventReader, type Message } from "./sse.ts";

/** The state of the page's event stream. since: when the connection was lost, in milliseconds since 1970. */
export type Connection =
  | { readonly state: "connecting" }
  | { readonly state: "connected" }
  | { readonly state: "lost"; readonly since: number }
  /** The studio does not accept this browser's cookie (any more). */
  | { readonly state: "refused" };

export const connection = signal<Connection>({ state: "connecting" });

/** Waits before reconnecting, in milliseconds; the last one is repeated. */
const waits = [1000, 2000, 4000, 8000, 15_000];
/** Silence after which the connection counts as lost, in milliseconds: the studio sends something every 15 seconds, unless it is gone or this machine has slept. */
const silenceMs = 40_000;

/** Tabs that stay connected; others connect in turns. A browser allows six connections to one server for all its tabs together, and requests need some, too. */
const lasting = 3;
/** How long a tab stays connected in its turn, and the wait until its next one, in milliseconds. */
const [turnMs, betweenMs] = [1000, 2000];

/** Why a connection ended. turn: the tab's turn is over. */
type End = "gone" | "refused" | "turn";

/** Listens without a limit, or in turns if enough other tabs do already. listen: called with its time limit in milliseconds, if any. */
async function inTurn(listen: (ms: number | undefined) => Promise<End>): Promise<End> {
  // pages opened from other machines without TLS have no locks
  if (!navigator.locks) return listen(undefined);
  for (let place = 0; place < lasting; place++) {
    const end = await navigator.locks.request(`coinage hears ${place}`, { ifAvailable: true }, (lock) =>
      lock ? listen(undefined) : undefined,
    );
    if (end) return end;
  }
  return listen(turnMs);
}

/** The studio's event stream, from now on or after a known message, until it is closed. It reconnects by itself, and disconnects while the tab is hidden. */
export class Stream {
  readonly #runs: readonly string[];
  readonly #take: (message: Message) => void;
  #last: string | undefined;
  #attempts = 0;
  #current: AbortController | undefined;
  #timer: number | undefined;

  /** runs: ids of the runs whose events are wanted; `run` messages come for all runs. last: id of the last known message. */
  constructor(runs: readonly string[], last: string | undefined, take: (message: Message) => void) {
    [this.#runs, this.#last, this.#take] = [runs, last, take];
    document.addEventListener("visibilitychange", this.#look);
    window.addEventListener("online", this.#hurry);
    this.#look();
  }

  close(): void {
    document.removeEventListener("visibilitychange", this.#look);
    window.removeEventListener("online", this.#hurry);
    this.#leave();
  }

  readonly #look = (): void => {
    if (document.hidden) this.#leave();
    else if (!this.#current) this.#open();
  };

  readonly #hurry = (): void => {
    this.#leave();
    this.#look();
  };

  #leave(): void {
    clearTimeout(this.#timer);
    this.#current?.abort();
    this.#current = undefined;
  }

  async #open(): Promise<void> {
    const current = new AbortController();
    this.#current = current;
    const end = await inTurn((ms) => this.#listen(current, ms)).catch((): End => "gone");
    if (this.#current !== current) return;
    if (end === "refused") {
      connection.value = { state: "refused" };
      return;
    }
    if (end === "turn") {
      this.#timer = setTimeout(() => this.#open(), betweenMs) as unknown as number;
      return;
    }
    if (connection.value.state !== "lost") connection.value = { state: "lost", since: Date.now() };
    const wait = waits[Math.min(this.#attempts++, waits.length - 1)]!;
    this.#timer = setTimeout(() => this.#open(), wait) as unknown as number;
  }

  /** Listens until the connection ends. ms: time limit, if any. */
  async #listen(current: AbortController, ms: number | undefined): Promise<End> {
    const query = this.#runs.length > 0 ? `?runs=${this.#runs.map(encodeURIComponent).join(",")}` : "";
    const answer = await fetch(`/api/events${query}`, {
      headers: this.#last === undefined ? {} : { "last-event-id": this.#last },
      signal: current.signal,
    });
    if (!answer.ok || !answer.body) return [401, 403].includes(answer.status) ? "refused" : "gone";
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader();
    let [silence, isOver] = [0, false];
    const turn =
      ms &&
      setTimeout(() => {
        isOver = true;
        reader.cancel().catch(() => {});
      }, ms);
    try {
      for (;;) {
        clearTimeout(silence);
        silence = setTimeout(() => reader.cancel().catch(() => {}), silenceMs) as unknown as number;
        const { value, done } = await reader.read();
        if (done) return isOver ? "turn" : "gone";
        if (connection.value.state !== "connected") connection.value = { state: "connected" };
        this.#attempts = 0;
        for (const message of events.take(value)) {
          this.#last = message.id ?? this.#last;
          this.#take(message);
        }
      }
    } finally {
      clearTimeout(silence);
      clearTimeout(turn);
    }
  }
}
