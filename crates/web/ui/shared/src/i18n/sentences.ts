/** Sentences made from values, shared by both apps. */
import type { Problem } from '../api/problem.ts';
import type { Mistake } from '../forms/validate.ts';
import type { Say } from './index.ts';
import type { zh } from './zh.ts';

type SharedSay = Say<keyof typeof zh>;

/** A problem's headline: the server's own where it refused, ours where nothing understandable came. */
export function problemTitle(problem: Problem, t: SharedSay): string {
  return (problem.kind === 'refused' && problem.title) || t(`problem.${problem.kind}`);
}

/** What the person can do about a problem. */
export function problemHelp(problem: Problem, t: SharedSay): string {
  return (problem.kind === 'refused' && problem.detail) || t(`problem.${problem.kind}_help`);
}

/** Both in one line, or what is wrong with the first field that was refused: for where a problem has a line and not a page. */
export function problemSentence(problem: Problem, t: SharedSay): string {
  const [wrong] = Object.values(problem.fields);
  if (wrong) return wrong;
  const title = problemTitle(problem, t);
  // The server's words are Chinese on English pages too.
  return `${title}${/[\u4e00-\u9fff]$/.test(title) ? '。' : '. '}${problemHelp(problem, t)}`;
}

/** A mistake as a sentence for the person who made it. */
export function mistakeText(mistake: Mistake, t: SharedSay): string {
  const title = mistake.field.title;
  switch (mistake.kind) {
    case 'missing': {
      switch (mistake.field.kind) {
        case 'number':
        case 'text':
        case 'phone':
          return t('mistake.missing_fill', { title });
        case 'photos':
          return t('mistake.missing_photos', { title });
        case 'location':
          return t('mistake.missing_location', { title });
        default:
          return t('mistake.missing_choose', { title });
      }
    }
    case 'out_of_range':
      return t('mistake.out_of_range', { title, minimum: mistake.minimum, maximum: mistake.maximum });
    case 'too_small':
      return t('mistake.too_small', { title, minimum: mistake.minimum });
    case 'too_large':
      return t('mistake.too_large', { title, maximum: mistake.maximum });
    case 'too_long':
      return t('mistake.too_long', { title, maximum: mistake.maximum });
    case 'unknown_choice':
      return t('mistake.unknown_choice', { title });
    case 'no_date':
      return t('mistake.no_date', { title });
    case 'too_early':
      return t('mistake.too_early', { title, earliest: mistake.earliest });
    case 'too_late':
      return t('mistake.too_late', { title, latest: mistake.latest });
    case 'before_other':
      return t('mistake.before_other', { title, other: mistake.other.title });
    case 'no_county':
      return t('mistake.no_county', { title });
    case 'no_phone':
      return t('mistake.no_phone', { title });
    case 'too_many':
      return t('mistake.too_many', { title, maximum: mistake.maximum });
    case 'no_location':
      return t('mistake.no_location', { title });
  }
}
