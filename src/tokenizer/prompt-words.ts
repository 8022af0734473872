/** A part of a prompt: text, or the name of a learned word with characters of the prompt grammar, which is never parsed as grammar. */
interface PromptPart {
  readonly text: string;
  readonly isName: boolean;
}

/** A learned word in a prompt. */
export interface FoundName {
  readonly start: number;
  readonly end: number;
  /** The word's own spelling; the prompt's may differ in letter case. */
  readonly name: string;
}

/** Finds learned words in prompts. */
export interface PromptWords {
  /** The words in a prompt in order: leftmost first, the longest where several start. */
  find(prompt: string): FoundName[];
  /** The prompt with words in their own spelling, split at names that would be parsed as grammar. */
  parts(prompt: string): PromptPart[];
}

/** Characters and words with a meaning in prompts. */
const grammar = /[\\()[\]:]|BREAK| AND /;

/** Names that keep their meaning in prompts even if a learned word has one of them. */
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

/** Words in another letter case, between those in their own spelling. If a prompt has a word in its own spelling, other spellings mean something else. */
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

/** Names that may be written in any letter case, by the name in lower case: not those that collide, nor those made up of the vocabulary's own words. */
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

/** A pattern for any of the names, longest first. */
export function anyOf(names: Iterable<string>, flags: string): RegExp {
  const longestFirst = [...names].sort((a, b) => b.length - a.length);
  const sources = longestFirst.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return new RegExp(`(${sources.join("|") || "(?!)"})`, flags);
}

const endsInside = /[\p{L}\p{N}]$/u;
const beginsInside = /^[\p{L}\p{N}]/u;

/** Whether a match is not part of a longer word; inside one, a word is found only in its own spelling. */
function isWhole(prompt: string, start: number, end: number): boolean {
  const isCut = (at: number) =>
    endsInside.test(prompt.slice(Math.max(0, at - 2), at)) && beginsInside.test(prompt.slice(at, at + 2));
  return !isCut(start) && !isCut(end);
}
