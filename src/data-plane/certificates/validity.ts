// Months of a certificate's validity, by the calendar.

/** Unix seconds; a month after 31 January is the last day of February. */
export function addMonths(seconds: number, months: number): number {
  const date = new Date(seconds * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0));
  date.setUTCDate(Math.min(day, last.getUTCDate()));
  return Math.floor(date.getTime() / 1000);
}

/** Whole months that cover the time from one to the other; at least one (recorded: rounded up). */
export function monthsBetween(fromSeconds: number, untilSeconds: number): number {
  const from = new Date(fromSeconds * 1000);
  const until = new Date(untilSeconds * 1000);
  const years = until.getUTCFullYear() - from.getUTCFullYear();
  const months = years * 12 + until.getUTCMonth() - from.getUTCMonth();
  return Math.max(1, addMonths(fromSeconds, months) >= untilSeconds ? months : months + 1);
}
