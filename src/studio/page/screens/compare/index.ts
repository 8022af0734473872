/** The screen that compares images of a word at its steps. */
export { CompareScreen } from "./screen.tsx";
