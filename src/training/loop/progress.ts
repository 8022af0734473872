import type { Generators } from "../../diffusion/index.ts";
import { drawEpochOrder, type PythonRandomState, type TorchGeneratorState } from "../../random/index.ts";
import type { RunLength, Start } from "../setup/length.ts";

/** How far a run has come, between two steps. */
export interface ProgressState {
  /** Optimizer steps done. */
  readonly step: number;
  /** Epochs gone through to their end. */
  readonly epochsDone: number;
  /** The epoch under way. */
  readonly epoch: EpochProgress | undefined;
  /** How the run ends before its last step; undefined as long as it does not. */
  readonly cooldown?: Cooldown | undefined;
}

/** The end of a run before its last step: the learning rate falls to 0 up to it. */
export interface Cooldown {
  /** Steps that were made before. */
  readonly from: number;
  readonly lastStep: number;
  /** Why the run ends, as the end of a sentence. */
  readonly reason: string;
}

/** An epoch under way: its order is drawn once, then its batches are used one after the other. */
export interface EpochProgress {
  /** Counted from 1. */
  readonly number: number;
  /** Batch numbers as drawn for this epoch. */
  readonly order: readonly number[];
  /** Losses of the batches used so far: those at the beginning of the order. */
  readonly losses: readonly number[];
}

export interface GeneratorStates {
  readonly torch: TorchGeneratorState;
  readonly python: PythonRandomState;
  /** States of earlier versions have none. */
  readonly timesteps?: TorchGeneratorState | undefined;
}

/** What a resumed run goes on from. */
interface SavedProgress {
  readonly progress: ProgressState;
  readonly generators: GeneratorStates;
}

/** Steps, epochs and random numbers of a run. What a failed step has used up can be given back, so what is saved always stands between two steps. */
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
  /** The random numbers and used batches that the step under way began with. */
  #stepStart: (GeneratorStates & { readonly batches: number }) | undefined;
  /** What is saved once the unfinished step is undone: a step that was given up may still be computing, and drawing random numbers. */
  #undone: SavedProgress | undefined;

  /** start: where a run without a state begins. */
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

  /** Number of the epoch under way, or of the last one. */
  get epochNumber(): number {
    return this.#epoch?.number ?? this.#epochsDone;
  }

  /** Whether a step was made since the run was opened. */
  get hasLearned(): boolean {
    return this.#step > this.#firstStep;
  }

  /** Whether the last step was the first of a run that goes on from no state. */
  get isAfterFirstStep(): boolean {
    return !this.isResumed && this.#step === this.#firstStep + 1;
  }

  get isFinished(): boolean {
    return this.#step >= Math.min(this.#length.steps, this.#cooldown?.lastStep ?? Number.POSITIVE_INFINITY);
  }

  /** Why it ends before its last step, on its own account. */
  get stopReason(): string | undefined {
    return this.#cooldown?.reason;
  }

  /** Lets the run end with another step than its last one. */
  coolDown(lastStep: number, reason: string): void {
    this.#cooldown = { from: this.#step, lastStep, reason };
  }

  /** What the learning rate of the next step is multiplied by. Source: Hägele 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations", eq. 1. */
  get rateFactor(): number {
    if (!this.#cooldown) return 1;
    const { from, lastStep } = this.#cooldown;
    return 1 - Math.sqrt((this.#step - from + 1) / (lastStep - from + 1));
  }

  /** Call this once latents are cached: they are drawn from the seed, in a resumed run too, and only then the generators go where the state has them. */
  begin(): void {
    const { drawsOrders, epochsDone } = this.#start;
    if (this.#saved) restoreGenerators(this.#generators, this.#saved.generators);
    else if (drawsOrders) for (let epoch = 0; epoch < epochsDone; epoch++) this.#drawOrder();
  }

  /** The epoch under way, or a new one with its order drawn. */
  openEpoch(): EpochProgress {
    const { epochsDone, skippedBatches } = this.#start;
    const skipped = !this.isResumed && this.#epochsDone === epochsDone ? skippedBatches : 0;
    this.#epoch ??= { number: this.#epochsDone + 1, order: this.#drawOrder().slice(skipped), losses: [] };
    this.#markStepStart();
    return this.#epoch;
  }

  /** Batches of the epoch under way that are not used yet, in their order. */
  get batchesLeft(): readonly number[] {
    return this.#epoch?.order.slice(this.#epoch.losses.length) ?? [];
  }

  /** Counts the next batch of the epoch under way as used. loss: its loss. */
  completeBatch(loss: number): void {
    this.#epoch?.losses.push(loss);
  }

  /** How many of the next batches make an optimizer step: so many together, or the last ones of the epoch. */
  batchesOfStep(accumulationSteps: number): number {
    return Math.min(accumulationSteps, this.batchesLeft.length);
  }

  /** Counts a step that was made. */
  completeStep(): void {
    this.#step++;
    this.#markStepStart();
  }

  /** Gives back the random numbers and batches that a failed step has used up. */
  undoUnfinishedStep(): void {
    if (!this.#stepStart) return;
    restoreGenerators(this.#generators, this.#stepStart);
    if (this.#epoch) this.#epoch.losses.length = this.#stepStart.batches;
    this.#undone = this.#current();
  }

  /** Closes an epoch whose batches are used up. One that was cut short stays open: a longer run goes on with it. */
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
