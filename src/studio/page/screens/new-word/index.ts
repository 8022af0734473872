/** The screen that prepares a new word. */
export { NewWordScreen } from "./screen.tsx";
