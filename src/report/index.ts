/** The report of a run that a person looks at: plain data, rendered to one HTML file. */
export { generateWords } from "./usage.ts";
