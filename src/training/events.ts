import type { DatasetReport } from "../dataset/index.ts";
import type { StopSignal } from "../events/index.ts";
import type { DownloadEvent } from "../hub/index.ts";

/** What a run is about, before its first step. */
export interface RunSummary {
  readonly device: string;
  /** Why it was chosen. */
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
  /** Mean length of the ordinary tokens' embeddings: what `rowNorm` compares with. With two text encoders the mean over the learned vectors. */
  readonly usualNorm: number;
  readonly numTrainImages: number;
  readonly numRegImages: number;
  readonly batchesPerEpoch: number;
  readonly epochs: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly accumulationSteps: number;
  readonly optimizer: string;
  /** As it was given: a number, or a list of rates as text. */
  readonly learningRate: number | string;
  /** The learning rate as an angle in radians, which takes its place. */
  readonly stepAngle: number | undefined;
  readonly schedule: string;
  readonly seed: number;
  /** Sample images that are left to draw, those left out that somebody asks for meanwhile. */
  readonly expectedImages: number;
  /** Rough time in seconds of the steps and sample images that are left, from their cost and a short measurement of the device. */
  readonly expectedSeconds: number;
  /** The most memory that the run is expected to take at any time, sample images left out. */
  readonly expectedPeakBytes: number;
  /** Memory that is free; undefined on graphics devices, which do not tell. */
  readonly availableBytes: number | undefined;
  /** The state the run goes on from, and how far it had come. */
  readonly resumed: { readonly folder: string; readonly step: number; readonly epoch: number } | undefined;
  readonly dataset: DatasetReport;
  /** Where settings come from that were not given. */
  readonly recipe: RecipeSummary | undefined;
  /** Prompts that take the place of captions. */
  readonly template: "object" | "style" | undefined;
}

/** What --recipe made of a run. */
export interface RecipeSummary {
  readonly name: "quick" | "object" | "style" | "likeness" | "classic";
  /** Why --recipe auto chose it. */
  readonly reason: string | undefined;
  /** What --time made of steps and image size, from what a step takes. */
  readonly fit:
    | { readonly time: string; readonly steps: number; readonly side: number; readonly perStep: number }
    | undefined;
  /** The settings it chose, each as words of a command line: ["--resolution", "512,512"]. */
  readonly chosen: readonly (readonly string[])[];
  /** What the user gave instead of its settings. */
  readonly overridden: readonly { readonly given: readonly string[]; readonly instead: readonly string[] }[];
}

/** What happens among the machines that share a run (`--queue`). */
export type ClusterEvent =
  | { readonly kind: "workerJoined"; readonly worker: string; readonly device: string }
  | { readonly kind: "workerLeft"; readonly worker: string }
  /** A worker is not used, or one of its results was not. */
  | { readonly kind: "workerRefused"; readonly worker: string; readonly why: string }
  /** A micro-batch was given out once more, or with `job` a sample image or images to encode. step: counted from 1, of a sample image the steps done;
   *  index: of the micro-batch in its step, of the prompt, or of the images among those that are encoded together, from 0. */
  | {
      readonly kind: "reissued";
      readonly job?: "sample" | "encode";
      readonly step: number;
      readonly index: number;
      readonly why: string;
    }
  /** A worker has encoded images before training. */
  | { readonly kind: "encoded"; readonly worker: string; readonly images: number }
  /** Two workers that should compute the same bits have not. */
  | {
      readonly kind: "duplicateDiffers";
      readonly step: number;
      readonly index: number;
      readonly workers: readonly [string, string];
    }
  /** seconds: since it was heard of last; told again every ten. */
  | { readonly kind: "queueDown"; readonly why: string; readonly seconds: number }
  | { readonly kind: "queueBack"; readonly seconds: number }
  /** The run waits, as no worker computes for it and this machine does not take jobs (`--no_cluster_local`). seconds: so far; told again every ten. */
  | { readonly kind: "noWorkers"; readonly seconds: number }
  /** The queue will lose jobs sooner or later. */
  | { readonly kind: "queueWarning"; readonly why: string };

/** What a step took that machines have shared. */
export interface ClusterFigures {
  /** Workers that had a part in it. */
  readonly workers: number;
  readonly jobs: number;
  /** From the first job to the last result. */
  readonly wallMs: number;
  /** Duration of the slowest job. */
  readonly slowestMs: number;
  /** Between a worker's last result and the end of the step, as a mean of all workers: what the slowest cost the others. */
  readonly waitMs: number;
  /** Who the others waited for. */
  readonly waitedFor: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Samples in a step up to which more of them shorten the run; once it is known. */
  readonly gradientNoiseScale?: number;
  /** Who computed each job, in their order, in how many milliseconds, and a digest of what came of it: what an audit needs. */
  readonly results: readonly {
    readonly worker: string;
    readonly attempt: number;
    readonly samples: number;
    readonly ms: number;
    readonly digest: string;
  }[];
}

/** Everything that happens in a run, in order. One stream for terminal, files, studio and tests. */
export type TrainingEvent =
  | DownloadEvent
  | { readonly kind: "start"; readonly run: RunSummary }
  /** Something odd that does not stop the run; code names the kind. */
  | { readonly kind: "warning"; readonly code: string; readonly message: string }
  /** Images encoded to latents before training. */
  | { readonly kind: "caching"; readonly done: number; readonly total: number; readonly imageKeys: readonly string[] }
  | StepEvent
  | ClusterEvent
  /** A word was tried for --init_word auto; the numbers count trials. */
  | { readonly kind: "tryingWords"; readonly word: string; readonly done: number; readonly total: number }
  | InitWordEvent
  | EvaluationEvent
  /** --early_stop ends the run before its last step: the learning rate falls to 0 up to `lastStep`. */
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
  /** A training state was written: what --resume takes. */
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
      /** With --queue: the worker that has drawn it. */
      readonly by?: string;
    }
  /** Images drawn for the report. */
  | { readonly kind: "drawing"; readonly done: number; readonly total: number }
  /** The report was written: `--report`. */
  | { readonly kind: "report"; readonly file: string }
  /** The end; a run that is stopped before its first step ends without it. After an error that ends a run it comes, too, and then the error is thrown. */
  | {
      readonly kind: "done";
      readonly file: string;
      /** What prompts can call it by: the file's name, or another word where that cannot be. */
      readonly word: string;
      /** The training state written at the end: what --resume takes to go on. */
      readonly state: string | undefined;
      readonly step: number;
      readonly seconds: number;
      /** Stopped before its last step, by the user or by an error. */
      readonly isInterrupted: boolean;
      /** Why --early_stop has ended it, as the end of a sentence. */
      readonly stopReason?: string;
      /** The message of the error that ended it. */
      readonly failure: string | undefined;
      /** Every warning of the run, with how often it came. */
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
  /** With evaluations: mean of the samples' losses less what was usual at their timesteps in the first tenth of the run; from then on. */
  readonly residual?: number;
  /** Learning rate this step was made with. */
  readonly lr: number;
  /** Learning rate of the next step: what sd-scripts logs. */
  readonly nextLr: number;
  /** sd-scripts' `lr/d*lr`: nextLr times the estimated distance; of D-Adaptation and Prodigy only. */
  readonly dTimesLr: number | undefined;
  readonly samplesPerSecond: number;
  readonly remainingSeconds: number;
  /** Mean length (norm) of the embeddings. */
  readonly rowNorm: number;
  /** Length of the gradient before clipping, at every token that was used. */
  readonly gradNorm: number;
  /** Mean distance of the embeddings from where they started. */
  readonly distance: number;
  /** Length of each embedding; with two text encoders those of the first, then those of the second; with layers (XTI) layer after layer. */
  readonly rowNorms: readonly number[];
  /** Length of each embedding's gradient before clipping. */
  readonly rowGradNorms: readonly number[];
  /** How far each embedding is from where it started. */
  readonly rowDistances: readonly number[];
  readonly imageKeys: readonly string[];
  /** With --queue. */
  readonly cluster?: ClusterFigures;
}

/** The loss on the frozen batch of a run: the same images, captions, noise and timesteps each time. */
export interface EvaluationEvent {
  readonly kind: "evaluation";
  /** Steps done; 0 before the first one. */
  readonly step: number;
  /** Mean loss of its items, unweighted. */
  readonly loss: number;
  /** How far it has fallen since the first evaluation, as the mean of the items' differences. */
  readonly drop: number;
  /** Standard error of `drop`, from the items' differences. */
  readonly dropError: number;
  /** Change per step over the last evaluations, by least squares; undefined until there are three. */
  readonly slope: number | undefined;
  /** Variance of the last evaluations over that of all (rule A of DVAR); undefined until there are enough. */
  readonly ratio: number | undefined;
  /** Loss of each item. */
  readonly itemLosses: readonly number[];
  /** Timestep of each item. */
  readonly timesteps: readonly number[];
}

/** Which vectors were kept at the end of a run (--keep), by their losses on a second frozen batch, whose noise, timesteps and, with --hold_out, images are of their own. */
export interface ChoiceEvent {
  readonly kind: "choice";
  readonly step: number;
  readonly chosen: "last" | "averaged" | "best";
  /** All that were compared; the first are the last vectors. */
  readonly candidates: readonly {
    readonly name: ChoiceEvent["chosen"];
    /** Steps after which the vectors were these. */
    readonly step: number;
    readonly loss: number;
    /** How much lower the loss is than that of the last vectors, as the mean of the items' differences, with its standard error. */
    readonly gain: number;
    readonly gainError: number;
  }[];
  /** The choice in words. */
  readonly message: string;
}

/** The word a run starts from, by losses on the same images, noise and timesteps: proposed (--init_word auto), or compared with a word that says nothing. */
export interface InitWordEvent {
  readonly kind: "initWord";
  readonly word: string;
  readonly isProposed: boolean;
  /** The word itself, then others, the best first. */
  readonly candidates: readonly {
    readonly word: string;
    /** Items it was tried on. */
    readonly items: number;
    /** How much higher its loss is than that of the word, as the mean of the items' differences, with its standard error. */
    readonly difference: number;
    readonly error: number;
  }[];
  /** All that in words. */
  readonly message: string;
}

/** What a run can be asked to do between two of its steps. */
export type TrainingCommand = (
  | {
      readonly command: "sample";
      readonly prompt: string;
      readonly seed?: number | undefined;
      /** Aborted when the image is no longer wanted. */
      readonly signal?: StopSignal;
    }
  /** Save the embedding and the state, named by the step. */
  | { readonly command: "save" }
  /** Save the state alone, in place of the one that the end of the run would write. */
  | { readonly command: "keepState" }
  /** Draw the sample prompts every so many steps from now on; 0: no more. */
  | { readonly command: "set"; readonly sampleEvery: number }
) & {
  /** Called once it is done. problem: why it was not. */
  readonly answer: (problem?: string) => void;
};
