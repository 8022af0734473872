export { blobFolder } from "./blobs/folder.ts";
export { BlobStore } from "./blobs/store.ts";
export { queueAccess } from "./board/redis/address.ts";
export { RedisWorkerBoard } from "./board/redis/worker.ts";
export { clusterRunner, release } from "./coordinator/open.ts";
export { longest } from "./protocol/job.ts";
export { manifestSchema } from "./protocol/manifest.ts";
export { Seal } from "./protocol/signed.ts";
export { Work } from "./worker/work.ts";
