import type { Locale } from '../i18n/index.ts';

/**
 * How numbers, times and days read. Times are always the school's, wherever the phone is; days are
 * the school's calendar days and never pass through a time zone.
 */
export function createFormat(locale: Locale, timeZone: string) {
  const chinese = locale === 'zh-CN';
  // One fixed pattern of parts, put together here: what Intl prints by itself differs between browsers.
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });

  function split(instant: string) {
    const found: Record<string, string> = {};
    for (const { type, value } of parts.formatToParts(new Date(instant))) found[type] = value;
    // Midnight is hour 24 in some browsers.
    const hour = found.hour === '24' ? '00' : (found.hour ?? '');
    return {
      day: `${found.year ?? ''}-${found.month ?? ''}-${found.day ?? ''}`,
      time: `${hour}:${found.minute ?? ''}`,
      seconds: `${hour}:${found.minute ?? ''}:${found.second ?? ''}`,
    };
  }

  function calendar(day: string) {
    const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
    return { year, month, date, weekday: new Date(Date.UTC(year, month - 1, date)).getUTCDay() };
  }

  /** `3月4日`, `4 Mar`; with the year where it is not that of `today`. */
  function day(iso: string, today = ''): string {
    const { year, month, date } = calendar(iso);
    const plain = chinese ? `${month}月${date}日` : `${date} ${MONTHS[month - 1] ?? ''}`;
    if (!today || calendar(today).year === year) return plain;
    return chinese ? `${year}年${plain}` : `${plain} ${year}`;
  }

  /** `周三`, `Wed`. */
  function weekday(iso: string): string {
    const { weekday: number } = calendar(iso);
    return (chinese ? WEEKDAYS_ZH : WEEKDAYS_EN)[number] ?? '';
  }

  return {
    day,
    weekday,
    /** `07:42`. */
    time: (instant: string): string => split(instant).time,
    /** `07:42:10`. */
    seconds: (instant: string): string => split(instant).seconds,
    /** The school's calendar day an instant falls on, `2020-03-04`. */
    dayOf: (instant: string): string => split(instant).day,
    /** `07:42` on the given day, `3月3日 07:42` on another. */
    moment(instant: string, today: string): string {
      const { day: on, time } = split(instant);
      return on === today ? time : `${day(on, today)} ${time}`;
    },
    /** The end of something on a day: as `moment`, but the midnight that ends a day is its `24:00`. */
    until(instant: string, on: string): string {
      const { day: falls, time } = split(instant);
      if (time === '00:00' && falls > on) {
        const ended = addDays(falls, -1);
        return ended === on ? '24:00' : `${day(ended, on)} 24:00`;
      }
      return falls === on ? time : `${day(falls, on)} ${time}`;
    },
    /** `15,343`. */
    count,
    rate,
    /** A length of time: `1.2 秒`, `3 分 05 秒`, `2 小时 10 分`. */
    duration(milliseconds: number): string {
      const seconds = milliseconds / 1000;
      if (seconds < 60) return `${seconds.toFixed(1)}${chinese ? ' 秒' : ' s'}`;
      const minutes = Math.floor(seconds / 60);
      if (minutes >= 60) {
        const [hours, left] = [Math.floor(minutes / 60), minutes % 60];
        if (left === 0) return chinese ? `${hours} 小时` : `${hours} h`;
        return chinese ? `${hours} 小时 ${left} 分` : `${hours} h ${left} min`;
      }
      const rest = String(Math.floor(seconds % 60)).padStart(2, '0');
      return chinese ? `${minutes} 分 ${rest} 秒` : `${minutes} min ${rest} s`;
    },
  };
}

export type Format = ReturnType<typeof createFormat>;

/** `15,343`. */
export function count(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/**
 * A rate in per cent with two decimals. It never rounds to 100.00 % while somebody is missing, nor
 * to 0.00 % while somebody is there; null where there is no denominator.
 */
export function rate(part: number, whole: number): string | null {
  if (whole <= 0) return null;
  const hundredths = Math.round((part / whole) * 10_000);
  const shown = part >= whole ? 10_000 : part <= 0 ? 0 : Math.min(9_999, Math.max(1, hundredths));
  return `${(shown / 100).toFixed(2)}%`;
}

/** The calendar day so many days from another, `2020-03-04` → `2020-03-03`. */
export function addDays(day: string, days: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, date + days)).toISOString().slice(0, 10);
}

const WEEKDAYS_ZH = ['周日', '周一', '周二', '周三', '周四', '周五', '周六'];
const WEEKDAYS_EN = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
