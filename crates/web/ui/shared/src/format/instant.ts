/** The instant of a wall-clock time of the school, `2020-03-04T08:00`, wherever the browser is; null for no time. */
export function instantOf(local: string, timeZone: string): string | null {
  // What is no date is read as some date by some browsers.
  const wanted = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(local) ? Date.parse(`${local}:00Z`) : NaN;
  if (Number.isNaN(wanted)) return null;
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  const shown = (instant: number) => {
    const of = Object.fromEntries(parts.formatToParts(new Date(instant)).map(({ type, value }) => [type, value]));
    return Date.parse(`${of.year ?? ''}-${of.month ?? ''}-${of.day ?? ''}T${of.hour ?? ''}:${of.minute ?? ''}:00Z`);
  };
  // Twice: the offset may be another at the time that is meant than at the first guess.
  let instant = wanted;
  for (let turn = 0; turn < 2; turn++) instant += wanted - shown(instant);
  return new Date(instant).toISOString();
}
