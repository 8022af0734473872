/** A line of a first screen: what it is about, and what there is to say. */
export function entry(label: string, text: string): string {
  return `  ${label.padEnd(10)} ${text}`;
}
