import type { Terminal } from "../src/reporters/index.ts";

export interface RecordedTerminal extends Terminal {
  /** All progress and messages so far. */
  readonly talked: () => string;
  readonly results: () => string;
  /** Advances the clock. */
  readonly pass: (ms: number) => void;
}

/** A terminal that records its output, with a clock that moves only on request. */
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
