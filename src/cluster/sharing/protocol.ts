/** Jobs that are given out one by one, beside the micro-batches of a step: whole runs of a sweep, sample images, and images that are encoded. */
export const sharedKinds = ["run", "sample", "encode"] as const;
export type SharedKind = (typeof sharedKinds)[number];

const letters: Readonly<Record<SharedKind, string>> = { run: "r", sample: "p", encode: "e" };

/** The reason of a worker that leaves and gives its job back: no failure of the job. */
export const givenBack = "its worker leaves";

interface JobName {
  readonly index: number;
  readonly attempt: number;
}

/** The name of a job on its board, and of what is delivered for it. */
export function sharedJobId(kind: SharedKind, { index, attempt }: JobName): string {
  return `${letters[kind]}${index}-${attempt}`;
}

/** The job that an id names, if it is of this kind. */
export function sharedJobName(kind: SharedKind, id: string): JobName | undefined {
  const [, letter, index, attempt] = /^([a-z])(\d+)-(\d+)$/.exec(id) ?? [];
  return letter === letters[kind] ? { index: Number(index), attempt: Number(attempt) } : undefined;
}
