import type { DatasetReport } from "../dataset/index.ts";
import type { StopSignal } from "../events/index.ts";
import type { DownloadEvent } from "../hub/index.ts";

/** Summary of a run before its first step. */
export interface RunSummary {
  readonly device: string;
  /** Why this device was chosen. */
  readonly deviceReason: string;
  readonly model: string;
  readonly family: "sd1" | "sd2" | "sdxl";
  readonly predictionType: "epsilon" | "v_prediction";
  /** Why the prediction type is what it is. */
  readonly predictionReason: string;
  /** Token strings of the learned vectors: mycat, mycat1, ... */
  readonly tokens: readonly string[];
  /** Their ids, from 49408 on; with layers those for the first layer, then those for the second, ... */
  readonly tokenIds: readonly number[];
  /** P+ (XTI): the U-Net's layers that have vectors of their own. */
  readonly layers: readonly string[] | undefined;
  readonly initWord: string | undefined;
  /** Mean norm of ordinary tokens' embeddings, to compare `rowNorm` with. With two text encoders: mean over the learned vectors. */
  readonly usualNorm: number;
  readonly numTrainImages: number;
  readonly numRegImages: number;
  readonly batchesPerEpoch: number;
  readonly epochs: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly accumulationSteps: number;
  readonly optimizer: string;
  /** As given: a number, or a list of rates as text. */
  readonly learningRate: number | string;
  /** Angle in radians that replaces the learning rate (--step_angle). */
  readonly stepAngle: number | undefined;
  readonly schedule: string;
  readonly seed: number;
  /** Sample images still to draw, not counting requested ones. */
  readonly expectedImages: number;
  /** Rough time in seconds for the remaining steps and sample images, from their cost and a short measurement of the device. */
  readonly expectedSeconds: number;
  /** Expected peak memory of the run without sample images. */
  readonly expectedPeakBytes: number;
  /** Free memory; undefined on GPUs, which do not report it. */
  readonly availableBytes: number | undefined;
  /** The state the run resumes from, with its step and epoch. */
  readonly resumed: { readonly folder: string; readonly step: number; readonly epoch: number } | undefined;
  readonly dataset: DatasetReport;
  /** The recipe that supplied settings; undefined without --recipe. */
  readonly recipe: RecipeSummary | undefined;
  /** Template whose prompts replace captions. */
  readonly template: "object" | "style" | undefined;
}

/** The recipe of a run and the settings it chose. */
export interface RecipeSummary {
  readonly name: "quick" | "object" | "style" | "likeness" | "classic";
  /** Why --recipe auto chose it. */
  readonly reason: string | undefined;
  /** Steps and image size chosen for --time, and seconds of a step. */
  readonly fit:
    | { readonly time: string; readonly steps: number; readonly side: number; readonly perStep: number }
    | undefined;
  /** The settings it chose, each as words of a command line: ["--resolution", "512,512"]. */
  readonly chosen: readonly (readonly string[])[];
  /** Settings of the user in place of the recipe's. */
  readonly overridden: readonly { readonly given: readonly string[]; readonly instead: readonly string[] }[];
}

/** Events of the machines that share a run (`--queue`). */
export type ClusterEvent =
  | { readonly kind: "workerJoined"; readonly worker: string; readonly device: string }
  | { readonly kind: "workerLeft"; readonly worker: string }
  /** A worker was refused, or one of its results was. */
  | { readonly kind: "workerRefused"; readonly worker: string; readonly why: string }
  /** A micro-batch was issued again, or with `job` a sample image or images to encode. step: from 1; of a sample image, the steps done;
   *  index: of the micro-batch in its step, of the prompt, or of the batch among those encoded together, from 0. */
  | {
      readonly kind: "reissued";
      readonly job?: "sample" | "encode";
      readonly step: number;
      readonly index: number;
      readonly why: string;
    }
  /** A worker has encoded images before training. */
  | { readonly kind: "encoded"; readonly worker: string; readonly images: number }
  /** Two workers that should compute the same bits did not. */
  | {
      readonly kind: "duplicateDiffers";
      readonly step: number;
      readonly index: number;
      readonly workers: readonly [string, string];
    }
  /** The queue does not respond. seconds: since it last did; repeated every ten. */
  | { readonly kind: "queueDown"; readonly why: string; readonly seconds: number }
  | { readonly kind: "queueBack"; readonly seconds: number }
  /** The run waits: no worker computes for it, and this machine takes no jobs (`--no_cluster_local`). seconds: so far; repeated every ten. */
  | { readonly kind: "noWorkers"; readonly seconds: number }
  /** The queue will lose jobs sooner or later. */
  | { readonly kind: "queueWarning"; readonly why: string };

/** Cost of a step that machines shared. */
export interface ClusterFigures {
  /** Workers that took part. */
  readonly workers: number;
  readonly jobs: number;
  /** From the first job to the last result. */
  readonly wallMs: number;
  /** Duration of the slowest job. */
  readonly slowestMs: number;
  /** From a worker's last result to the end of the step, mean over workers: what the slowest cost the others. */
  readonly waitMs: number;
  /** The slowest worker. */
  readonly waitedFor: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Batch size up to which larger steps shorten the run; missing until known. */
  readonly gradientNoiseScale?: number;
  /** Worker, duration in milliseconds and digest of the result of each job, in order: for audits. */
  readonly results: readonly {
    readonly worker: string;
    readonly attempt: number;
    readonly samples: number;
    readonly ms: number;
    readonly digest: string;
  }[];
}

/** All events of a run, in order: one stream for terminal, files, studio and tests. */
export type TrainingEvent =
  | DownloadEvent
  | { readonly kind: "start"; readonly run: RunSummary }
  /** A problem that does not stop the run. code: its kind. */
  | { readonly kind: "warning"; readonly code: string; readonly message: string }
  /** Images encoded to latents before training. */
  | { readonly kind: "caching"; readonly done: number; readonly total: number; readonly imageKeys: readonly string[] }
  | StepEvent
  | ClusterEvent
  /** A word was tried for --init_word auto. done, total: trials. */
  | { readonly kind: "tryingWords"; readonly word: string; readonly done: number; readonly total: number }
  | InitWordEvent
  | EvaluationEvent
  /** --early_stop ends the run early: the learning rate falls to 0 until `lastStep`. */
  | {
      readonly kind: "stopping";
      readonly step: number;
      readonly lastStep: number;
      /** Why, as the end of a sentence. */
      readonly reason: string;
    }
  | ChoiceEvent
  /** loss: mean over the micro-batches of the epoch. */
  | { readonly kind: "epoch"; readonly epoch: number; readonly epochs: number; readonly loss: number }
  /** An embedding file was written. */
  | {
      readonly kind: "saved";
      readonly file: string;
      readonly step: number;
      readonly epoch: number;
      readonly isFinal: boolean;
    }
  /** A training state was written, for --resume. */
  | { readonly kind: "stateSaved"; readonly folder: string; readonly step: number; readonly epoch: number }
  /** An older embedding file or state folder was removed (--save_last_n_...). */
  | { readonly kind: "removed"; readonly file: string }
  /** A sample image is being generated; index: number of the prompt, from 0. */
  | {
      readonly kind: "sampling";
      readonly prompt: string;
      readonly index: number;
      readonly step: number;
      readonly epoch: number;
    }
  /** A sample image was generated and written. */
  | {
      readonly kind: "sample";
      readonly file: string;
      readonly prompt: string;
      /** Number of the prompt, from 0. */
      readonly index: number;
      readonly step: number;
      readonly epoch: number;
      readonly seed: number;
      readonly width: number;
      readonly height: number;
      /** With --queue: the worker that drew it. */
      readonly by?: string;
    }
  /** Images drawn for the report. */
  | { readonly kind: "drawing"; readonly done: number; readonly total: number }
  /** The report was written: `--report`. */
  | { readonly kind: "report"; readonly file: string }
  /** The end; missing if the run was stopped before its first step. After an error it comes before the error is thrown. */
  | {
      readonly kind: "done";
      readonly file: string;
      /** The word for prompts: the file's name, or another one if that cannot be used. */
      readonly word: string;
      /** The training state written at the end, for --resume. */
      readonly state: string | undefined;
      readonly step: number;
      readonly seconds: number;
      /** Stopped before its last step, by the user or by an error. */
      readonly isInterrupted: boolean;
      /** Why --early_stop ended it, as the end of a sentence. */
      readonly stopReason?: string;
      /** The message of the error that ended it. */
      readonly failure: string | undefined;
      /** Every warning of the run with its count. */
      readonly warnings: readonly { readonly code: string; readonly message: string; readonly count: number }[];
    };

/** One optimizer step. */
export interface StepEvent {
  readonly kind: "step";
  /** Counted from 1. */
  readonly step: number;
  readonly steps: number;
  /** Counted from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Mean loss of the step's micro-batches. */
  readonly loss: number;
  /** Mean over the epoch so far. */
  readonly averageLoss: number;
  /** With evaluations, after the first tenth of the run: mean of the samples' losses minus the baseline of that tenth at their timesteps. */
  readonly residual?: number;
  /** Learning rate of this step. */
  readonly lr: number;
  /** Learning rate of the next step: what sd-scripts logs. */
  readonly nextLr: number;
  /** sd-scripts' `lr/d*lr`: nextLr times the estimated distance; only D-Adaptation and Prodigy have it. */
  readonly dTimesLr: number | undefined;
  readonly samplesPerSecond: number;
  readonly remainingSeconds: number;
  /** Mean length (norm) of the embeddings. */
  readonly rowNorm: number;
  /** Norm of the gradient before clipping, at every token used. */
  readonly gradNorm: number;
  /** Mean distance of the embeddings from their start. */
  readonly distance: number;
  /** Norm of each embedding: encoder after encoder, with layers (XTI) layer after layer. */
  readonly rowNorms: readonly number[];
  /** Norm of each embedding's gradient before clipping. */
  readonly rowGradNorms: readonly number[];
  /** Distance of each embedding from its start. */
  readonly rowDistances: readonly number[];
  readonly imageKeys: readonly string[];
  readonly cluster?: ClusterFigures;
}

/** The loss on the frozen batch of a run: the same images, captions, noise and timesteps each time. */
export interface EvaluationEvent {
  readonly kind: "evaluation";
  /** Steps done. */
  readonly step: number;
  /** Mean loss of its items, unweighted. */
  readonly loss: number;
  /** Fall since the first evaluation: mean of the items' differences. */
  readonly drop: number;
  /** Standard error of `drop`, from the items' differences. */
  readonly dropError: number;
  /** Change of the loss per step over the last evaluations, by least squares; undefined before the third. */
  readonly slope: number | undefined;
  /** Variance of the last evaluations over that of all (rule A of DVAR); undefined before the first full window. */
  readonly ratio: number | undefined;
  /** Loss of each item. */
  readonly itemLosses: readonly number[];
  /** Timestep of each item. */
  readonly timesteps: readonly number[];
}

/** Which vectors were kept at the end of a run (--keep), by their losses on a second frozen batch with its own noise, timesteps and, with --hold_out, images. */
export interface ChoiceEvent {
  readonly kind: "choice";
  readonly step: number;
  readonly chosen: "last" | "averaged" | "best";
  /** The compared vectors; the first candidate is the last vectors. */
  readonly candidates: readonly {
    readonly name: ChoiceEvent["chosen"];
    /** The step after which these were the vectors. */
    readonly step: number;
    readonly loss: number;
    /** How much lower the loss is than the last vectors': mean of the items' differences, and its standard error. */
    readonly gain: number;
    readonly gainError: number;
  }[];
  /** The choice in words. */
  readonly message: string;
}

/** The init word of a run, judged by losses on the same images, noise and timesteps: found by --init_word auto, or compared with a neutral word. */
export interface InitWordEvent {
  readonly kind: "initWord";
  readonly word: string;
  readonly isProposed: boolean;
  /** The word itself, then others, best first. */
  readonly candidates: readonly {
    readonly word: string;
    /** Items that the word was tried on. */
    readonly items: number;
    /** How much higher its loss is than the init word's: mean of the items' differences, and its standard error. */
    readonly difference: number;
    readonly error: number;
  }[];
  /** The result in words. */
  readonly message: string;
}

/** A command that a run carries out between two steps. */
export type TrainingCommand = (
  | {
      readonly command: "sample";
      readonly prompt: string;
      readonly seed?: number | undefined;
      /** Cancels the image when aborted. */
      readonly signal?: StopSignal;
    }
  /** Save the embedding and the state, named by the step. */
  | { readonly command: "save" }
  /** Save the state now, so that the end of the run writes none. */
  | { readonly command: "keepState" }
  /** Draw the sample prompts every `sampleEvery` steps from now on; 0: never. */
  | { readonly command: "set"; readonly sampleEvery: number }
) & {
  /** Called when the command is done or has failed. problem: why it failed. */
  readonly answer: (problem?: string) => void;
};
