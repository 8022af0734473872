import { signal } from "@preact/signals";
import { EventReader, type Message } from "./sse.ts";

/** Whether the page hears of what happens. since: when the connection was lost, in milliseconds since 1970. */
export type Connection =
  | { readonly state: "connecting" }
  | { readonly state: "connected" }
  | { readonly state: "lost"; readonly since: number }
  /** The studio does not know this browser (any more). */
  | { readonly state: "refused" };

export const connection = signal<Connection>({ state: "connecting" });

/** Waits before another attempt, in milliseconds; the last one is repeated. */
const waits = [1000, 2000, 4000, 8000, 15_000];
/** The studio sends something every 15 seconds; one that is silent for this long is gone, or this machine has slept. */
const silenceMs = 40_000;

/** A browser allows six connections to one server, for all its tabs together. So many tabs hear all the time and the others in turns: what tabs ask needs connections, too. */
const lasting = 3;
/** How long a tab hears in its turn, and until its next one, in milliseconds. */
const [turnMs, betweenMs] = [1000, 2000];

/** How hearing ended. turn: its turn is over. */
type End = "gone" | "refused" | "turn";

/** Hears for as long as there is something to hear, or in turns when many tabs hear already. listen: given how long it may. */
async function inTurn(listen: (ms: number | undefined) => Promise<End>): Promise<End> {
  // pages of other machines without TLS have no locks
  if (!navigator.locks) return listen(undefined);
  for (let place = 0; place < lasting; place++) {
    const end = await navigator.locks.request(`coinage hears ${place}`, { ifAvailable: true }, (lock) =>
      lock ? listen(undefined) : undefined,
    );
    if (end) return end;
  }
  return listen(turnMs);
}

/** What comes of the studio's stream of events, from now on or after what is known, until it is closed. One per tab, and none while the tab is hidden. */
export class Stream {
  readonly #runs: readonly string[];
  readonly #take: (message: Message) => void;
  #last: string | undefined;
  #attempts = 0;
  #current: AbortController | undefined;
  #timer: number | undefined;

  /** runs: whose events are wanted; `run` messages come of all. last: the id of the last message that is known. */
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

  /** Hears until the connection ends. ms: or for so long. */
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
