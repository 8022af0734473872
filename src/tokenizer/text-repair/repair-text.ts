import { Budget, type Refusal, requireWithin } from "../../budget/index.ts";
import {
  expandLigatures,
  fixC1Controls,
  fixCharacterWidth,
  removeControlCharacters,
  removeTerminalEscapes,
  replaceLoneSurrogates,
  straightenQuotes,
  unifyLineBreaks,
} from "./characters.ts";
import { decodeHtmlEntities } from "./html-entities.ts";
import { repairMojibake } from "./mojibake.ts";

/** Repairs a text as `ftfy.fix_text` of ftfy 6.3 does with its default settings: mojibake, HTML character references, curly quotes,
 *  ligatures, full-width forms, control characters; NFC. From the first line that contains a `<`, which is HTML on purpose, character references are kept.
 *  @throws TEXT_SPOILED for text that was garbled more often than any real text */
export function repairText(text: string): string {
  if (isPlain(text)) return text;
  requireWithin("combiningMarks", longestRunOfMarks(text), spoiled(text));
  const budget = new Budget("textRepair", spoiled(text));
  let decodesHtml = true;
  const lines = text.split(/(?<=\n)/).map((line) => {
    if (line.includes("<")) decodesHtml = false;
    return repairLine(line, decodesHtml, budget);
  });
  return lines.join("");
}

/** Printable ASCII without references, like most prompts, needs no repair. */
function isPlain(text: string): boolean {
  return /^[\t\n\x20-\x25\x27-\x7e]*$/.test(text);
}

function repairLine(line: string, decodesHtml: boolean, budget: Budget): string {
  for (let current = line; ; ) {
    budget.spend(current.length);
    let repaired = repairMojibake(decodesHtml ? decodeHtmlEntities(current) : current, budget);
    for (const repair of characterRepairs) repaired = repair(repaired);
    repaired = repaired.normalize("NFC");
    if (repaired === current) return current;
    current = repaired;
  }
}

/** Long runs are refused: sorting combining marks takes quadratic time. */
function longestRunOfMarks(text: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(/\p{M}+/gu)) longest = Math.max(longest, run.length);
  return longest;
}

function spoiled(text: string): Refusal {
  return { code: "TEXT_SPOILED", subject: "Repairing a text", where: text.slice(0, 80) };
}

const characterRepairs = [
  fixC1Controls,
  expandLigatures,
  fixCharacterWidth,
  straightenQuotes,
  unifyLineBreaks,
  replaceLoneSurrogates,
  removeTerminalEscapes,
  removeControlCharacters,
];
