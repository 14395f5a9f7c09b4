import { listInexactNumbers } from '#common';

/**
 * What to check besides a value with numbers that a double cannot hold: the same value with the next lower doubles in their place, and with
 * the next higher ones. If a schema takes all three, it takes the numbers as they are written. Empty if all numbers are exact.
 * `json` must be valid.
 */
export function listNearValues(json: string): unknown[] {
  const numbers = [...listInexactNumbers(json)].filter(({ text }) => !isZero(text));
  if (numbers.length === 0) return [];
  return ([-1n, 1n] as const).map((step) => {
    let [near, end] = ['', 0];
    for (const { start, text } of numbers) {
      near += json.slice(end, start) + formatNear(text, step);
      end = start + text.length;
    }
    return JSON.parse(near + json.slice(end)) as unknown;
  });
}

/** `-0` is written in another way than a double, but is one. */
function isZero(text: string): boolean {
  return !/[1-9]/.test(text.split(/[eE]/)[0] ?? '');
}

function formatNear(text: string, step: 1n | -1n): string {
  const double = Number(text);
  // Doubles of this size are whole, the number is not.
  if (step === -1n && Number.isInteger(double) && isFraction(text)) return '0.5';
  const next = nextDouble(double, step);
  return Number.isFinite(next) ? String(next) : `${Math.sign(next)}e999`;
}

function isFraction(text: string): boolean {
  return !text.includes('e') && !text.includes('E') && /\.\d*[1-9]/.test(text);
}

function nextDouble(double: number, step: 1n | -1n): number {
  if (!Number.isFinite(double)) return double > 0 === step > 0n ? double : Math.sign(double) * Number.MAX_VALUE;
  if (double === 0) return Number(step) * Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, double);
  view.setBigInt64(0, view.getBigInt64(0) + (double > 0 ? step : -step));
  return view.getFloat64(0);
}
