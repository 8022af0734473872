export type { GeneratorParts } from "./context.ts";
export { openGenerator, type PictureGenerator } from "./generator.ts";
export type * from "./request.ts";
