/** Amounts as people type and read them. Strings and whole kopecks only: no binary fractions. */

const SPACE = "\u00a0";
const SIGNS = { RUB: "₽" };

/** "1342", "1342,50", "1 342.00" → "1342.50"; anything else → null. The server has the last word. */
export function parseAmount(typed) {
  const compact = typed.replace(/[\s\u00a0\u202f]/g, "").replace(/₽$/, "");
  const found = /^(\d{1,9})(?:[.,](\d{1,2}))?$/.exec(compact);
  if (!found) return null;
  const whole = found[1].replace(/^0+(?=\d)/, "");
  return `${whole}.${(found[2] ?? "").padEnd(2, "0")}`;
}

/** "1342.00" → "1 342,00 ₽". */
export function formatAmount(value, currency) {
  const minus = value.startsWith("-") ? "−" : "";
  const [whole, fraction = "00"] = value.replace("-", "").split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, SPACE);
  return `${minus}${grouped},${fraction}${SPACE}${SIGNS[currency] ?? currency}`;
}

/** Whole kopecks of "1342.00"; exact, for amounts here stay far below what a number holds. */
export function kopecks(value) {
  return Number(value.replace(".", ""));
}

export function isZero(value) {
  return /^[0.]*$/.test(value);
}
