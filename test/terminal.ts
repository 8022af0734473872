import type { Terminal } from "../src/reporters/index.ts";

export interface RecordedTerminal extends Terminal {
  /** Everything said so far. */
  readonly talked: () => string;
  readonly results: () => string;
  /** Moves the clock. */
  readonly pass: (ms: number) => void;
}

/** A terminal that keeps what is written to it, with a clock that moves when told to. */
export function recordingTerminal(traits: Partial<Terminal> = {}): RecordedTerminal {
  let [talked, results, time] = ["", "", 0];
  return {
    talk: (text) => {
      talked += text;
    },
    ask: (question) => {
      if (traits.isInteractive) talked += question;
    },
    result: (text) => {
      results += text;
    },
    isInteractive: false,
    hasColor: false,
    columns: () => 120,
    now: () => time,
    talked: () => talked,
    results: () => results,
    pass: (ms) => {
      time += ms;
    },
    ...traits,
  };
}
