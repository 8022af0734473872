/** A message of an event stream. */
export interface Message {
  /** The last id, of this message or an earlier one. */
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** Parses server-sent events from chunks of text. Source: WHATWG HTML, 9.2.6. */
export class EventReader {
  #rest = "";
  #id: string | undefined;
  #event = "";
  #data: string[] = [];

  /** The messages that end in this chunk. */
  take(piece: string): Message[] {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop()!;
    return lines.flatMap((line) => this.#line(line.replace(/\r$/, "")));
  }

  #line(line: string): Message[] {
    if (line === "") {
      const message = { id: this.#id, event: this.#event || "message", data: this.#data.join("\n") };
      const isEmpty = this.#data.length === 0;
      [this.#event, this.#data] = ["", []];
      return isEmpty ? [] : [message];
    }
    const colon = line.indexOf(":");
    // a comment
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "id") this.#id = value;
    if (field === "event") this.#event = value;
    if (field === "data") this.#data.push(value);
    return [];
  }
}
