/** The screen of one run: how it learns, and what can be done with it now. */
export { RunScreen } from "./run-screen.tsx";
