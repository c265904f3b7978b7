/** A gate's hours, in the school's time wherever the device thinks it is. */
type Hours = { from: string; until: string };

const parts = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = parts.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    parts.set(timeZone, format);
  }
  return format;
}

function split(at: number, timeZone: string): Record<string, string> {
  return Object.fromEntries(formatOf(timeZone).formatToParts(at).map(({ type, value }) => [type, value]));
}

/** The minute of the school's day, 0 to 1439. */
export function minuteOf(at: number, timeZone: string): number {
  const { hour = '0', minute = '0' } = split(at, timeZone);
  return (Number(hour) % 24) * 60 + Number(minute);
}

/** The school's day, `2020-03-04`. */
export function dayOf(at: number, timeZone: string): string {
  const { year = '', month = '', day = '' } = split(at, timeZone);
  return `${year}-${month}-${day}`;
}

const minutes = (text: string): number => {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  return hour * 60 + minute;
};

/** Whether one of them is now; none: always. An end before its beginning is past midnight. */
export function isOpen(hours: readonly Hours[], minute: number): boolean {
  return (
    hours.length === 0 ||
    hours.some((each) => {
      const [from, until] = [minutes(each.from), minutes(each.until)];
      return from < until ? from <= minute && minute < until : from <= minute || minute < until;
    })
  );
}
