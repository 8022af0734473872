/** A part of a prompt: text, or the name of a learned word that holds characters of the prompt's grammar and so is never read as grammar. */
interface PromptPart {
  readonly text: string;
  readonly isName: boolean;
}

/** A learned word in a prompt. */
export interface FoundName {
  readonly start: number;
  readonly end: number;
  /** As it is named, which the prompt may write in another letter case. */
  readonly name: string;
}

/** Finds learned words in prompts as people write them. */
export interface PromptWords {
  /** The words in order: the leftmost first, the longest where several begin. */
  find(prompt: string): FoundName[];
  /** The prompt with words spelled as they are named, cut at names that would be read as grammar. */
  parts(prompt: string): PromptPart[];
}

/** Characters and words that mean something in prompts. */
const grammar = /[\\()[\]:]|BREAK| AND /;

/** Names that keep their meaning in prompts, whatever file has them. */
const reserved: readonly string[] = ["BREAK", "AND"];

/** Finds learned words by their names. isEntry: whether a text is a word of the model's own vocabulary.
 *  differs from sd-scripts: brackets, colons and backslashes in a word's name are read as weights unless a backslash precedes each, and letter case matters.
 *  coinage: such a name is found before weights are read, and letter case does not matter where the prompt can mean nothing else.
 *  because: words are named after files, and programs that look words up by token ids ignore letter case. */
export function promptWords(learned: readonly string[], isEntry: (text: string) => boolean): PromptWords {
  const names = learned.filter((name) => !reserved.includes(name.trim()));
  if (names.length === 0) return { find: () => [], parts: (text) => [{ text, isName: false }] };
  const asNamed = anyOf(names, "gu");
  const byLowerCase = namesByLowerCase(names, isEntry);
  const inAnyCase = anyOf(byLowerCase.values(), "giu");

  const find = (prompt: string): FoundName[] => {
    const exact = [...prompt.matchAll(asNamed)].map(({ index, 0: name }) => ({
      start: index,
      end: index + name.length,
      name,
    }));
    const others = inOtherCase(prompt, exact, inAnyCase, byLowerCase);
    return others.length === 0 ? exact : [...exact, ...others].sort((a, b) => a.start - b.start);
  };

  return {
    find,
    parts(prompt) {
      const parts: PromptPart[] = [];
      let text = "";
      let end = 0;
      for (const found of find(prompt)) {
        text += prompt.slice(end, found.start);
        end = found.end;
        if (!grammar.test(found.name)) text += found.name;
        else {
          parts.push({ text, isName: false }, { text: found.name, isName: true });
          text = "";
        }
      }
      return [...parts, { text: text + prompt.slice(end), isName: false }];
    },
  };
}

/** Words in other letter case between those found as named. Where the prompt also has a word as it is named, other spellings of it are something else. */
function inOtherCase(
  prompt: string,
  exact: readonly FoundName[],
  pattern: RegExp,
  byLowerCase: ReadonlyMap<string, string>,
): FoundName[] {
  const others: FoundName[] = [];
  const asNamed = new Set(exact.map(({ name }) => name));
  let next = 0;
  for (const { index: start, 0: written } of prompt.matchAll(pattern)) {
    const end = start + written.length;
    while (next < exact.length && exact[next]!.end <= start) next++;
    const name = byLowerCase.get(written.toLowerCase());
    if (name === undefined || asNamed.has(name) || !isWhole(prompt, start, end)) continue;
    if (next === exact.length || end <= exact[next]!.start) others.push({ start, end, name });
  }
  return others;
}

/** The names that may be written in any letter case: not those that another one shares, nor those that the vocabulary's own words make up. */
function namesByLowerCase(names: readonly string[], isEntry: (text: string) => boolean): Map<string, string> {
  const isOrdinary = (text: string) => text.split(/\s+/u).every((part) => part === "" || isEntry(part));
  const found = new Map<string, string>();
  const shared = new Set<string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (found.has(lower) || isOrdinary(lower)) shared.add(lower);
    else found.set(lower, name);
  }
  for (const lower of shared) found.delete(lower);
  return found;
}

/** Matches any of the names, the longest first. */
export function anyOf(names: Iterable<string>, flags: string): RegExp {
  const longestFirst = [...names].sort((a, b) => b.length - a.length);
  const sources = longestFirst.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return new RegExp(`(${sources.join("|") || "(?!)"})`, flags);
}

const endsInside = /[\p{L}\p{N}]$/u;
const beginsInside = /^[\p{L}\p{N}]/u;

/** Whether a stretch is not part of a longer word; within one a word is found only as it is named. */
function isWhole(prompt: string, start: number, end: number): boolean {
  const isCut = (at: number) =>
    endsInside.test(prompt.slice(Math.max(0, at - 2), at)) && beginsInside.test(prompt.slice(at, at + 2));
  return !isCut(start) && !isCut(end);
}
