/** The screen of one run: its progress and the actions for it. */
export { RunScreen } from "./run-screen.tsx";
