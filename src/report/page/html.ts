/** Text that is HTML already. Everything else that is put into a page is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | undefined | false | readonly Content[];

/** HTML from a template. What is put in is escaped, unless it is Html; lists are joined, undefined and false are nothing. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.reduce((text, string, i) => text + markup(contents[i - 1]) + string));
}

function markup(content: Content): string {
  if (content instanceof Html) return content.text;
  if (content === undefined || content === false) return "";
  if (typeof content === "object") return content.map(markup).join("");
  return escaped(String(content));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Characters that no XML has, or that change the order of others: words and captions come from anywhere. */
const unshown = /(?![\n\t])\p{Cc}|[\p{Bidi_Control}\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

function escaped(text: string): string {
  return text
    .replace(unshown, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replace(/[&<>"']/g, (character) => entities[character]!);
}
