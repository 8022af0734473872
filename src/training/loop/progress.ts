import type { Generators } from "../../diffusion/index.ts";
import { drawEpochOrder, type PythonRandomState, type TorchGeneratorState } from "../../random/index.ts";
import type { RunLength, Start } from "../setup/length.ts";

/** Progress of a run between two steps. */
export interface ProgressState {
  /** Optimizer steps done. */
  readonly step: number;
  /** Completed epochs. */
  readonly epochsDone: number;
  /** The current epoch. */
  readonly epoch: EpochProgress | undefined;
  /** Set if the run ends early. */
  readonly cooldown?: Cooldown | undefined;
}

/** An early end of a run: the learning rate falls to 0 until `lastStep`. */
export interface Cooldown {
  /** Steps done when the cooldown began. */
  readonly from: number;
  readonly lastStep: number;
  /** Why the run ends, as the end of a sentence. */
  readonly reason: string;
}

/** An epoch in progress: its order is drawn once, then its batches are used one after another. */
export interface EpochProgress {
  /** Counted from 1. */
  readonly number: number;
  /** Batch numbers in the order drawn for this epoch. */
  readonly order: readonly number[];
  /** Losses of the batches used so far, the first ones of `order`. */
  readonly losses: readonly number[];
}

export interface GeneratorStates {
  readonly torch: TorchGeneratorState;
  readonly python: PythonRandomState;
  /** Missing in states of earlier versions. */
  readonly timesteps?: TorchGeneratorState | undefined;
}

/** Progress and generators that a resumed run starts from. */
interface SavedProgress {
  readonly progress: ProgressState;
  readonly generators: GeneratorStates;
}

/** Steps, epochs and random numbers of a run. A failed step can be undone, so that saved progress is always between two steps. */
export class Progress {
  readonly isResumed: boolean;
  readonly #length: RunLength;
  readonly #generators: Generators;
  readonly #start: Start;
  readonly #saved: SavedProgress | undefined;
  readonly #firstStep: number;
  #step: number;
  #cooldown: Cooldown | undefined;
  #epochsDone: number;
  #epoch: (EpochProgress & { readonly losses: number[] }) | undefined;
  /** Generators and used batches at the start of the current step. */
  #stepStart: (GeneratorStates & { readonly batches: number }) | undefined;
  /** What to save once the unfinished step is undone: an abandoned step may still be computing and drawing random numbers. */
  #undone: SavedProgress | undefined;

  /** start: where a run without a state begins its counts. */
  constructor(length: RunLength, generators: Generators, start: Start, saved?: SavedProgress) {
    this.isResumed = saved !== undefined;
    this.#length = length;
    this.#generators = generators;
    this.#start = start;
    this.#saved = saved;
    this.#step = saved?.progress.step ?? start.step;
    this.#firstStep = this.#step;
    this.#cooldown = saved?.progress.cooldown;
    this.#epochsDone = saved?.progress.epochsDone ?? start.epochsDone;
    const epoch = saved?.progress.epoch;
    this.#epoch = epoch && { ...epoch, losses: [...epoch.losses] };
  }

  /** Optimizer steps done.
   *  differs from sd-scripts: a resumed run counts steps and epochs from 0 again.
   *  coinage: a resumed run continues the counts of steps and epochs from its state.
   *  because: file names would repeat. */
  get step(): number {
    return this.#step;
  }

  /** Number of the current epoch, or of the last one. */
  get epochNumber(): number {
    return this.#epoch?.number ?? this.#epochsDone;
  }

  /** Whether a step was done since the run was opened. */
  get hasLearned(): boolean {
    return this.#step > this.#firstStep;
  }

  /** Whether the last step was the first of a run without --resume. */
  get isAfterFirstStep(): boolean {
    return !this.isResumed && this.#step === this.#firstStep + 1;
  }

  get isFinished(): boolean {
    return this.#step >= Math.min(this.#length.steps, this.#cooldown?.lastStep ?? Number.POSITIVE_INFINITY);
  }

  /** Why the run ends early; undefined if it does not. */
  get stopReason(): string | undefined {
    return this.#cooldown?.reason;
  }

  /** Ends the run after `lastStep`, with the learning rate falling to 0. */
  coolDown(lastStep: number, reason: string): void {
    this.#cooldown = { from: this.#step, lastStep, reason };
  }

  /** Cooldown factor of the next step's learning rate. Source: Hägele 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations", eq. 1. */
  get rateFactor(): number {
    if (!this.#cooldown) return 1;
    const { from, lastStep } = this.#cooldown;
    return 1 - Math.sqrt((this.#step - from + 1) / (lastStep - from + 1));
  }

  /** Call once latents are cached: they are drawn from the seed, also in a resumed run, and only then generators are set to the state's. */
  begin(): void {
    const { drawsOrders, epochsDone } = this.#start;
    if (this.#saved) restoreGenerators(this.#generators, this.#saved.generators);
    else if (drawsOrders) for (let epoch = 0; epoch < epochsDone; epoch++) this.#drawOrder();
  }

  /** The current epoch, or a new one with its order drawn. */
  openEpoch(): EpochProgress {
    const { epochsDone, skippedBatches } = this.#start;
    const skipped = !this.isResumed && this.#epochsDone === epochsDone ? skippedBatches : 0;
    this.#epoch ??= { number: this.#epochsDone + 1, order: this.#drawOrder().slice(skipped), losses: [] };
    this.#markStepStart();
    return this.#epoch;
  }

  /** Unused batches of the current epoch, in order. */
  get batchesLeft(): readonly number[] {
    return this.#epoch?.order.slice(this.#epoch.losses.length) ?? [];
  }

  /** Counts the next batch of the current epoch as used. */
  completeBatch(loss: number): void {
    this.#epoch?.losses.push(loss);
  }

  /** Batches of the next optimizer step: as many as are accumulated, or the rest of the epoch. */
  batchesOfStep(accumulationSteps: number): number {
    return Math.min(accumulationSteps, this.batchesLeft.length);
  }

  /** Counts a step as done. */
  completeStep(): void {
    this.#step++;
    this.#markStepStart();
  }

  /** Returns the random numbers and batches that a failed step used. */
  undoUnfinishedStep(): void {
    if (!this.#stepStart) return;
    restoreGenerators(this.#generators, this.#stepStart);
    if (this.#epoch) this.#epoch.losses.length = this.#stepStart.batches;
    this.#undone = this.#current();
  }

  /** Closes an epoch if all its batches are used. One cut short stays open: a longer run continues it. */
  closeEpoch(): void {
    if (!this.#epoch || this.#epoch.losses.length < this.#epoch.order.length) return;
    this.#epochsDone = this.#epoch.number;
    this.#epoch = undefined;
  }

  state(): SavedProgress {
    return this.#undone ?? this.#current();
  }

  #current(): SavedProgress {
    const epoch = this.#epoch && { ...this.#epoch, losses: [...this.#epoch.losses] };
    return {
      progress: { step: this.#step, epochsDone: this.#epochsDone, epoch, cooldown: this.#cooldown },
      generators: statesOf(this.#generators),
    };
  }

  #drawOrder(): number[] {
    return drawEpochOrder(this.#generators.torch, this.#length.batchesPerEpoch);
  }

  #markStepStart(): void {
    this.#stepStart = { ...statesOf(this.#generators), batches: this.#epoch?.losses.length ?? 0 };
  }
}

function statesOf({ torch, python, timesteps }: Generators): GeneratorStates {
  return { torch: torch.state(), python: python.state(), timesteps: timesteps.state() };
}

function restoreGenerators({ torch, python, timesteps }: Generators, states: GeneratorStates): void {
  torch.restore(states.torch);
  python.restore(states.python);
  if (states.timesteps) timesteps.restore(states.timesteps);
}
