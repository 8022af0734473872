/** How far a run has come, between two steps. */
export interface Progress {
  /** Optimizer steps done. */
  readonly step: number;
  /** Epochs gone through to their end. */
  readonly epochsDone: number;
  /** The epoch under way. */
  readonly epoch: EpochProgress | undefined;
}

/** An epoch under way: its order is drawn once, then one batch after the other is used up. */
export interface EpochProgress {
  /** From 1. */
  readonly number: number;
  /** Batch numbers as drawn for this epoch. */
  readonly order: readonly number[];
  /** Losses of the batches used so far: those at the beginning of the order. */
  readonly losses: number[];
}
