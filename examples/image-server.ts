/** Serves images of a word over HTTP: the model stays loaded, the word's vectors and the images are in memory only. Run in the project's folder:
 *
 *    node --import tsx examples/image-server.ts out/brimsy.safetensors
 *    curl -o brimsy.png "http://localhost:8080/?prompt=a+photo+of+a+brimsy"
 *
 *  In a project of your own: `import { openModel, readEmbedding } from "coinage/pipeline"`. */
import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import {
  CoinageError,
  formatError,
  type Model,
  openModel,
  type PromptEmbedding,
  readEmbedding,
  resultOf,
} from "../src/pipeline.ts";

/** A server that answers `/?prompt=...&seed=...` with a PNG. It keeps nothing of a request; one whose client is gone ends after the step under way. */
export function imageServer(model: Model, embeddings: readonly PromptEmbedding[], steps = 15): Server {
  return createServer(async (request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://localhost");
    const prompt = searchParams.get("prompt") ?? "";
    const seed = Number(searchParams.get("seed") ?? 1);
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      const sampling = { width: 128, height: 128, steps, guidanceScale: 5, sampler: "euler_a" } as const;
      const run = model.generate({ prompt, seed, ...sampling, embeddings }, { signal: gone.signal });
      const [image] = await resultOf(run);
      if (image) response.setHeader("content-type", "image/png").end(await image.toPng());
    } catch (error) {
      const isMistake = error instanceof CoinageError;
      if (!isMistake) console.error(error);
      response.writeHead(isMistake ? 400 : 500, { "content-type": "text/plain" });
      response.end(isMistake ? `${formatError(error)}\n` : "The image could not be generated.\n");
    }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const model = await openModel("assets/tiny-sd");
  const embeddings = await Promise.all(process.argv.slice(2).map((file) => readEmbedding(file)));
  imageServer(model, embeddings).listen(8080, "localhost", () => console.log("http://localhost:8080/?prompt=a+photo"));
}
