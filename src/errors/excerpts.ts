/** "a.png, b.png, c.png and 2 more": as many as `most` of a list, as part of a message. */
export function firstFew(items: readonly string[], most = 5, separator = ", "): string {
  const rest = items.length - most;
  return `${items.slice(0, most).join(separator)}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** As much of a text as `most` characters, as part of a message. */
export function beginningOf(text: string, most = 40): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}
