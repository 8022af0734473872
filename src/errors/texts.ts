/** Characters that control a terminal or change the order of others. Line feed and tab are allowed. */
const unprintable = /(?![\n\t])\p{Cc}|[\p{Bidi_Control}\u2028\u2029\ufeff\ufff9-\ufffb]/gu;

/** Text from an untrusted file, safe for a terminal: control characters are escaped as in JSON (\u001b), so JSON stays JSON. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same on one line, cut to `most` characters. */
export function printableLine(text: string, most = 300): string {
  const line = printable(text.slice(0, most)).replaceAll("\n", "\\n").replaceAll("\t", " ");
  return text.length > most ? `${line}... (${text.length} characters)` : line;
}

/** "1 image", "2 images". */
export function plural(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** "45 s", "1 min 5 s", "2 h 10 min": two units at most. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** "a.png, b.png, c.png and 2 more": the first `most` entries of a list, for a message. */
export function firstFew(items: readonly string[], most = 5, separator = ", "): string {
  const rest = items.length - most;
  return `${items.slice(0, most).join(separator)}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** The first `most` characters of a text, for a message. */
export function beginningOf(text: string, most = 40): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}

/** The candidate nearest to a mistyped name; undefined if none is near enough. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  const written = name.toLowerCase();
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    // The distance is at least the difference in length; names of a megabyte are not worth comparing.
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(written, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replace, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
