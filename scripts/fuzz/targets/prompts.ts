import path from "node:path";
import { clipMerges } from "../../../src/assets/index.ts";
import { processCaption } from "../../../src/dataset/captions/caption.ts";
import { readCaption } from "../../../src/dataset/captions/caption-file.ts";
import { planImages } from "../../../src/generation/prompts/plan.ts";
import { readPromptFile } from "../../../src/generation/prompts/read.ts";
import { readSamplePrompts } from "../../../src/generation/prompts/sample-prompts.ts";
import { samplingOf } from "../../../src/pipeline/request.ts";
import { PythonRandom } from "../../../src/random/index.ts";
import { createTokenizer, parsePromptWeights, tokenizePrompts } from "../../../src/tokenizer/index.ts";
import { mutateText } from "../mutate.ts";
import { texts } from "../seeds.ts";
import { mutateJsonFile } from "../structure.ts";
import { ofFile, reader, scratch, slow, type Target, textOf } from "./target.ts";

const promptWords = [
  ..."( ) [ ] :1.1) \\ { } | $$ e$$ 1-2$$ AND BREAK catx &amp; &#x41; ÃƒÂ \u0301 __".split(" "),
  " --d ",
  " --n ",
  " --w ",
  " ",
  "\n",
];
const prompts = () =>
  texts(
    "a photo of catx, (masterpiece:1.3), [blurry] AND a dog BREAK x",
    "{e$$red|blue} {2$$, $$cat|dog|{x|y}} --n blurry --w 640 --h 512 --d 1,2",
    "((a) [b (c:0.5)] \\(d\\)",
    "&amp;amp;lt; ÃƒÂ© ﬁ “x”",
  );

const tomlWords = ["[prompt]", "[[prompt.subset]]", "[", "]", "=", '"', "{", "}", "\n", "prompt", "width", "inf"];

const tokenizer = createTokenizer(await clipMerges(), { padding: "eos" }).addTokens(["catx", "catx1"]);

const captionSettings = {
  captionPrefix: "a",
  captionSuffix: undefined,
  captionSeparator: ",",
  secondarySeparator: ";;;",
  keepTokens: 1,
  keepTokensSeparator: "|||",
  shuffleCaption: true,
  enableWildcard: true,
  tokenWarmupMin: 1,
  tokenWarmupStep: 0,
  captionDropoutRate: 0.1,
  captionDropoutEveryNEpochs: 0,
  captionTagDropoutRate: 0.1,
};
const captionState = { epoch: 1, step: 1, maxTrainSteps: 10, replacements: [["cat", ["catx", "{"]] as const] };

const planSettings = {
  sampling: samplingOf({ prompt: "", width: 64, height: 64, negativeScale: 2 }, "sd1"),
  seed: 1,
  imagesPerPrompt: 1,
  iterations: 1,
  batchSize: 1,
  shufflesPrompts: false,
  iterSameSeed: false,
  initImages: [],
  masks: [],
};

const previewOptions = { family: "sd1" as const, sampler: "ddim", clipSkip: 1, maxTokenLength: 75, tokens: ["catx"] };

/** Readers of prompts and captions. */
export const promptTargets: readonly Target[] = [
  reader("tokenizer", ".txt", prompts, mutateText(promptWords), (input) => tokenizer.encode(textOf(input))),
  reader("prompt-weights", ".txt", prompts, mutateText(promptWords), (input) =>
    parsePromptWeights(textOf(input), { knowsBreak: true }),
  ),
  reader(
    "prompt-tokens",
    ".txt",
    prompts,
    mutateText(promptWords),
    (input) => tokenizePrompts(tokenizer, [textOf(input)], { mode: "generation", maxChunks: 3 }),
    slow,
  ),
  reader(
    "prompt-lines",
    ".txt",
    prompts,
    mutateText(promptWords),
    (input) =>
      planImages(
        textOf(input)
          .split("\n")
          .slice(0, 20)
          .map((line, i) => ({ text: line, place: `line ${i}` })),
        planSettings,
      ).batches.length,
  ),
  reader(
    "prompt-file",
    ".txt",
    prompts,
    mutateText(promptWords),
    ofFile("prompts.txt", (file) => readPromptFile(file, "--from_file")),
    slow,
  ),
  reader(
    "sample-prompts",
    ".prompts.json",
    () =>
      texts(
        '[{"prompt":"a catx","width":512,"height":512,"sample_steps":20,"scale":7.5,"seed":1,"negative_prompt":"b"}]',
      ),
    mutateJsonFile,
    ofFile("samples.json", (file) => readSamplePrompts(file, previewOptions)),
    slow,
  ),
  reader(
    "sample-prompts-toml",
    ".prompts.toml",
    () => texts('[prompt]\nwidth = 512\n[[prompt.subset]]\nprompt = "a catx"\n'),
    mutateText(tomlWords),
    ofFile("samples.toml", (file) => readSamplePrompts(file, previewOptions)),
    slow,
  ),
  reader(
    "sample-prompts-txt",
    ".prompts.txt",
    prompts,
    mutateText(promptWords),
    ofFile("samples.txt", (file) => readSamplePrompts(file, previewOptions)),
    slow,
  ),
  reader(
    "caption",
    ".txt",
    () => texts("a {cat|dog}, blue sky;;;b ||| c, d", "1\n2\n{a|{b|c}}"),
    mutateText(promptWords),
    (input) => processCaption(textOf(input), captionSettings, captionState, new PythonRandom(1)),
  ),
  reader(
    "caption-file",
    ".caption",
    () => texts("a cat\nb"),
    mutateText(promptWords),
    ofFile("picture.caption", () => readCaption(path.join(scratch, "picture.png"), ".caption", true)),
    slow,
  ),
];
