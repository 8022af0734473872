/** A float as Python prints it: 5.0, 7.5, 1e-05. */
export function pythonFloat(value: number): string {
  const magnitude = Math.abs(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e16))
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
