import type { CurvesOf } from "../../../runs/index.ts";

type CurveName = keyof CurvesOf;

/** A curve over the steps of a run. */
interface Curve {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** The curves of a run as far as the page has them. */
export interface KnownCurves {
  readonly of: Readonly<Partial<Record<CurveName, Curve>>>;
  /** Steps that were made and not told, since the studio tells one a second of a fast run, or more points than can be drawn: the studio has better curves. */
  readonly isSparse: boolean;
}

/** Points of a curve that are kept; beyond them the studio is asked for fewer. */
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

/** The studio's rule for the smoothed loss: the mean of the first steps, and then a running one. */
const smoothedSteps = 40;

function smoothed(curve: Curve | undefined, { step, loss }: StepNumbers): number | undefined {
  if (typeof loss !== "number") return undefined;
  const { steps, values } = curve ? upTo(curve, step - 1) : { steps: [], values: [] };
  const before = values.at(-1) ?? loss;
  return before + (loss - before) / Math.min(Math.max(steps.length, step - 1) + 1, smoothedSteps);
}

/** The curves with one more loss on the fixed batch. */
export function withEvaluation({ of, isSparse }: KnownCurves, step: number, loss: number | null): KnownCurves {
  return { of: defined({ ...of, evaluation: withPoint(of.evaluation, step, loss) }), isSparse };
}

/** The curves without what comes after a step: it is made again. */
export function withoutLater({ of, isSparse }: KnownCurves, step: number): KnownCurves {
  return { of: mapped(of, (curve) => upTo(curve, step)), isSparse };
}

/** Curves of the studio, and behind them what is known and newer. */
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
  // a step that is made again takes the place of what came of it before
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
