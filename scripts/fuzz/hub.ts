import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hubAccess } from "../../src/hub/access.ts";
import { openRemoteModel } from "../../src/hub/remote-model.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const info = JSON.stringify({
  _id: "1",
  id: "owner/name",
  sha: commit,
  private: false,
  tags: [],
  downloads: 0,
  likes: 0,
});
const tree = JSON.stringify([{ type: "file", path: "model_index.json", size: 2, oid: commit }]);

export const hubAnswers = [info, tree];

let server: Server | undefined;
let answer: Uint8Array = new Uint8Array();

/** Opens a model on a hub whose answers of one kind are all the input: a list of files if the input starts like one, else a description. */
export async function readHubAnswer(input: Uint8Array): Promise<unknown> {
  server ??= await startServer();
  answer = input;
  const { port } = server.address() as AddressInfo;
  const access = hubAccess({ endpoint: `http://127.0.0.1:${port}`, token: undefined });
  const id = { name: "owner/name", revision: undefined, file: undefined };
  const { commit: sha, files } = await openRemoteModel({ id, access, cacheFolder: "none", patienceMs: 2000 }, "main");
  return { sha, files };
}

async function startServer(): Promise<Server> {
  const started = createServer((request, response) => {
    const isTree = request.url?.includes("/tree/") ?? false;
    const isOdd = isTree === (answer[0] === 0x5b);
    response.setHeader("content-type", "application/json");
    response.end(isOdd ? answer : isTree ? tree : info);
  });
  // does not keep the process alive
  started.unref();
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return started;
}
