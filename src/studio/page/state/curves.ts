import type { CurvesOf } from "../../../runs/index.ts";

type CurveName = keyof CurvesOf;

/** A curve over the steps of a run. */
interface Curve {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** The page's curves of a run. */
export interface KnownCurves {
  readonly of: Readonly<Partial<Record<CurveName, Curve>>>;
  /** Whether the studio has better curves: it sends only one step a second of a fast run, and the page keeps limited points. */
  readonly isSparse: boolean;
}

/** Most points kept of a curve; beyond that, downsampled ones are read from the studio. */
const mostPoints = 4000;

const ofSteps = ["loss", "averageLoss", "residual", "lr", "rowNorm", "distance", "gradNorm"] as const;

type StepNumbers = { readonly step: number } & Readonly<
  Partial<Record<(typeof ofSteps)[number], number | null | undefined>>
>;

/** The curves with one more step. */
export function withStep({ of, isSparse }: KnownCurves, numbers: StepNumbers): KnownCurves {
  const grown: Partial<Record<CurveName, Curve | undefined>> = { ...of };
  for (const name of ofSteps) grown[name] = withPoint(grown[name], numbers.step, numbers[name]);
  grown.smoothLoss = withPoint(of.smoothLoss, numbers.step, smoothed(of.smoothLoss, numbers));
  const last = of.loss?.steps.at(-1) ?? 0;
  const isCrowded = (grown.loss?.steps.length ?? 0) > mostPoints;
  return { of: defined(grown), isSparse: isSparse || isCrowded || numbers.step > last + 1 };
}

/** Time constant of the smoothed loss, as in the studio's curves: a mean at first, then a moving average. */
const smoothedSteps = 40;

function smoothed(curve: Curve | undefined, { step, loss }: StepNumbers): number | undefined {
  if (typeof loss !== "number") return undefined;
  const { steps, values } = curve ? upTo(curve, step - 1) : { steps: [], values: [] };
  const before = values.at(-1) ?? loss;
  return before + (loss - before) / Math.min(Math.max(steps.length, step - 1) + 1, smoothedSteps);
}

/** The curves with one more loss on the frozen batch. */
export function withEvaluation({ of, isSparse }: KnownCurves, step: number, loss: number | null): KnownCurves {
  return { of: defined({ ...of, evaluation: withPoint(of.evaluation, step, loss) }), isSparse };
}

/** The curves up to a step, since later steps are repeated. */
export function withoutLater({ of, isSparse }: KnownCurves, step: number): KnownCurves {
  return { of: mapped(of, (curve) => upTo(curve, step)), isSparse };
}

/** Curves read from the studio, with newer known points appended. */
export function refreshed(known: KnownCurves, read: CurvesOf): KnownCurves {
  const of = { ...known.of, ...read };
  return {
    of: mapped(of, (_, name) => {
      const [base, own] = [read[name], known.of[name]];
      if (!base || !own) return (base ?? own)!;
      const first = own.steps.findIndex((step) => step > (base.steps.at(-1) ?? -1));
      if (first < 0) return base;
      return {
        steps: [...base.steps, ...own.steps.slice(first)],
        values: [...base.values, ...own.values.slice(first)],
      };
    }),
    isSparse: false,
  };
}

function withPoint(curve: Curve | undefined, step: number, value: number | null | undefined): Curve | undefined {
  if (typeof value !== "number") return curve;
  // a repeated step replaces the earlier one
  const before = curve ? upTo(curve, step - 1) : { steps: [], values: [] };
  return { steps: [...before.steps, step], values: [...before.values, value] };
}

function upTo(curve: Curve, step: number): Curve {
  const { steps, values } = curve;
  if ((steps.at(-1) ?? 0) <= step) return curve;
  const end = steps.findIndex((one) => one > step);
  return { steps: steps.slice(0, end), values: values.slice(0, end) };
}

type Curves = KnownCurves["of"];

function mapped(curves: Curves, map: (curve: Curve, name: CurveName) => Curve): Curves {
  return Object.fromEntries(
    Object.entries(curves).map(([name, curve]) => [name, map(curve, name as CurveName)]),
  ) as Curves;
}

function defined(curves: Partial<Record<CurveName, Curve | undefined>>): Curves {
  return Object.fromEntries(Object.entries(curves).filter(([, curve]) => curve)) as Curves;
}
