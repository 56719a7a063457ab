export const number = (value, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** 0.95×, 37×, 1/29 */
export function ratio(value) {
  if (value < 0.1) return `1/${number(1 / value)}`;
  return `${number(value, value < 10 ? 2 : 0)}×`;
}
