import { afterAll, beforeAll, expect, test } from "vitest";
import { meanDifference } from "../../test/pictures.ts";
import { openTinySd } from "../../test/tiny-sd.ts";
import { clipMerges } from "../assets/index.ts";
import type { Picture } from "../pictures/index.ts";
import { openRuntime, type Runtime } from "../runtime/index.ts";
import { openGenerator, type PictureGenerator } from "./generator.ts";
import type { PreviewEvent } from "./request.ts";
import { plainVocabulary } from "./vocabulary.ts";

let runtime: Runtime;
let generator: PictureGenerator;

beforeAll(async () => {
  runtime = openRuntime({ threads: 1 });
  const model = await openTinySd();
  const vocabulary = plainVocabulary(model.family, await clipMerges());
  generator = openGenerator({ model, predictionType: "epsilon", vocabulary, runtime, previewEverySteps: 3 });
});
afterAll(() => runtime.close());

// one that keeps the variance, one that does not, and one that looks twice a step
test.each(["ddim", "euler", "heun"] as const)(
  "previews by %s come closer and closer to the picture",
  async (sampler) => {
    const previews: PreviewEvent[] = [];
    let picture: Picture | undefined;
    const request = {
      prompt: "a large red striped star",
      width: 64,
      height: 64,
      steps: 12,
      guidanceScale: 4,
      seed: 5,
      sampler,
    };
    for await (const event of generator.generate(request)) {
      if (event.kind === "preview") previews.push(event);
      if (event.kind === "image") picture = event.picture;
    }
    expect(previews.map(({ step, previews: shown }) => [step, shown.length])).toEqual(
      [3, 6, 9].map((step) => [step, 1]),
    );
    const distances = previews.map((preview) => meanDifference(preview.previews[0]!, picture!));
    expect(distances).toEqual([...distances].sort((a, b) => b - a));
    expect(distances[2]).toBeGreaterThan(0);
    expect(distances[2]).toBeLessThan(15);
  },
);
