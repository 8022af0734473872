import type { OptionTable } from "../option.ts";

export const inversionOptions = {
  token_string: {
    type: "string",
    effect: "numbers",
    help: "The new word. It must not be a word of the model's tokenizer yet, so make one up: mycat, catx1.",
  },
  num_vectors_per_token: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "numbers",
    help: "How many vectors stand behind the word. More hold more detail and use up more tokens of a prompt.",
  },
  init_word: {
    type: "string",
    effect: "numbers",
    help: "Known word or words whose vectors the new ones start from, repeated when there are fewer of them.",
  },
  weights: {
    type: "string",
    effect: "numbers",
    help: "Embedding file to start from instead of the init word.",
  },
  use_object_template: {
    type: "switch",
    effect: "numbers",
    help: 'Train with 27 sentences about an object ("a photo of a ...") instead of the captions.',
  },
  use_style_template: {
    type: "switch",
    effect: "numbers",
    help: 'Train with 19 sentences about a style ("a painting in the style of ...") instead of the captions.',
  },
} as const satisfies OptionTable;
