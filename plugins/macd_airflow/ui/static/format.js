// Numbers, money and times as people read them.

const whole = new Intl.NumberFormat("en");
const cents = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const signed = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "always" });

export const count = (value) => (value == null ? "–" : whole.format(value));
export const dollars = (value) => `$${cents.format(Number(value))}`;
export const difference = (value) => signed.format(Number(value));
export const time = (value) => (value ? `${value.slice(0, 10)} ${value.slice(11, 19)}` : "–");
export const hour = (value) => `${value.slice(5, 10)} ${value.slice(11, 16)}`;
export const words = (name) => name.replaceAll("_", " ");
