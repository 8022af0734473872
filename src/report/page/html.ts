/** Text that is already HTML. Everything else in a page is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | undefined | false | readonly Content[];

/** HTML from a template. Contents are escaped unless they are Html; lists are joined, undefined and false are omitted. */
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

/** Characters that XML does not allow or that reorder text: words and captions are untrusted. */
const unshown = /(?![\n\t])\p{Cc}|[\p{Bidi_Control}\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

function escaped(text: string): string {
  return text
    .replace(unshown, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replace(/[&<>"']/g, (character) => entities[character]!);
}
