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

/** A mistake as a sentence for the person who made it. */
export function mistakeText(mistake: Mistake, t: SharedSay): string {
  const title = mistake.field.title;
  switch (mistake.kind) {
    case 'missing': {
      const filled = mistake.field.kind === 'number' || mistake.field.kind === 'text';
      return t(filled ? 'mistake.missing_fill' : 'mistake.missing_choose', { title });
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
  }
}
