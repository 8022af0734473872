/** The screen for using a word: drawing with it, exporting it to other programs. */
export { UseScreen } from "./screen.tsx";
