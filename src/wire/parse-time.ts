/** The year 10000: from here on times cannot be written as ISO text again. */
const TOO_LATE = Date.UTC(10_000, 0);

/** Numbers below these are seconds, milliseconds, microseconds; larger ones are nanoseconds. */
const SECONDS_BELOW = 1e11;
const MILLISECONDS_BELOW = 1e14;
const MICROSECONDS_BELOW = 1e17;

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?\s*(z|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * A time as LangSmith's clients send it: ISO 8601 text (UTC when it names no zone), or a number of epoch milliseconds
 * (seconds, microseconds and nanoseconds are told by their size). Gives epoch ms with microseconds as the fraction, or
 * `null` for what is no time between 1970 and 9999.
 */
export function parseTime(value: unknown): number | null {
  if (typeof value === "string") return parseIsoTime(value);
  if (typeof value !== "number" || !(value >= 0)) return null;
  const ms =
    value < SECONDS_BELOW
      ? value * 1000
      : value < MILLISECONDS_BELOW
        ? value
        : value < MICROSECONDS_BELOW
          ? value / 1000
          : value / 1_000_000;
  const at = Math.round(ms * 1000) / 1000;
  return at < TOO_LATE ? at : null;
}

function parseIsoTime(text: string): number | null {
  const match = ISO.exec(text);
  if (!match) return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = match;
  const whole = utc(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
  if (whole === null) return null;
  const at = whole - zoneOffsetMs(zone) + Math.floor(Number(fraction.padEnd(6, "0").slice(0, 6))) / 1000;
  return at >= 0 && at < TOO_LATE ? at : null;
}

/** The start time in the last segment of a dotted order (`...20261123T162013105001Z<uuid>`), or `null`. */
export function dottedOrderTime(dottedOrder: string): number | null {
  const segment = dottedOrder.slice(dottedOrder.lastIndexOf(".") + 1);
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3,6})Z/.exec(segment);
  if (!match) return null;
  const [, year, month, day, hour, minute, second, fraction = ""] = match;
  const whole = utc(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
  return whole === null ? null : whole + Number(fraction.padEnd(6, "0")) / 1000;
}

/** `null` for the 30th of February and the like, which `Date.UTC` would carry over. A leap second is the next second. */
function utc(year: number, month: number, day: number, hour: number, minute: number, second: number): number | null {
  if (month < 1 || month > 12 || hour > 24 || minute > 59 || second > 60) return null;
  const date = new Date(Date.UTC(year, month - 1, day));
  if (day < 1 || date.getUTCDate() !== day || (hour === 24 && minute + second > 0)) return null;
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
}

function zoneOffsetMs(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(":", "") || 0);
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}
