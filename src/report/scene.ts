import type { DiffusionModel } from "../models/index.ts";

/** Prompts to show and measure a word with; "{}" stands for the word. */
export interface Scene {
  /** The rows of the strip: as trained, and with another background. */
  readonly stripPrompts: readonly [string, string];
  readonly driftPrompts: readonly string[];
  /** Side of its images in pixels, if the model can draw no other. */
  readonly side?: number;
  /** Guidance scale of the strip. */
  readonly guidanceScale: number;
  /** Real nouns to compare drift with. */
  readonly nouns: readonly string[];
}

/** The scene for a model: the small one shipped with coinage knows only shapes on plain backgrounds. */
export function sceneOf({ textEncoders }: Pick<DiffusionModel, "textEncoders">, isStyle: boolean): Scene {
  if (textEncoders[0]!.architecture.width < 768) return plainScene;
  return isStyle ? styleScene : objectScene;
}

const objectScene: Scene = {
  stripPrompts: ["a photo of {}", "a photo of {} on the beach"],
  guidanceScale: 7,
  driftPrompts: [
    "a photo of {} on the beach",
    "a photo of {} in the snow",
    "a photo of {} in front of the Eiffel Tower",
    "a photo of {} on a wooden table",
    "a photo of {} in a green forest at night",
    "a photo of {} next to a red car",
    "a photo of {} with a city in the background",
    "a photo of {} under a blue umbrella",
    "a photo of {} on top of a pink carpet",
    "a photo of {} floating in a swimming pool",
    "a painting of {} in the style of Monet",
    "an oil painting of {} with mountains",
    "a watercolor of {} among flowers",
    "a black and white drawing of {} on paper",
    "{} wearing a yellow hat",
    "{} and a dog playing in the garden",
    "{} on a street in the rain, with people",
    "a child holding {} in the kitchen",
    "a close-up of {} in warm evening light",
    "a poster of {} with large white letters",
  ],
  nouns: ["dog", "car", "chair", "tree"],
};

const styleScene: Scene = {
  ...objectScene,
  stripPrompts: ["a painting in the style of {}", "a city at night in the style of {}"],
};

const colours = ["red", "blue", "yellow", "green", "white"];

const plainScene: Scene = {
  stripPrompts: ["a photo of a {} on a blue background", "a photo of a {} on a yellow background"],
  side: 128,
  guidanceScale: 5,
  driftPrompts: ["a photo of a {} on a", "a {} on a", "one {} on a", "a picture of a {} on a"].flatMap((beginning) =>
    colours.map((colour) => `${beginning} ${colour} background`),
  ),
  nouns: ["square", "star", "ring", "heart"],
};
