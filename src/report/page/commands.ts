import { quotedWord } from "../../files/index.ts";
import { type Html, html } from "./html.ts";

/** A command line of this program, quoted for a shell. */
export function commandText(words: readonly string[]): Html {
  return html`<code class="command">${["coinage", ...words].map((word) => quotedWord(word)).join(" ")}</code>`;
}
