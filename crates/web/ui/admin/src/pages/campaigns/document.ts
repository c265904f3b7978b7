import type { components } from '#shared/api/schema.d.ts';
import { askedFields } from '#shared/forms/conditions.ts';
import type { Answers } from '#shared/api/types.ts';

type Schemas = components['schemas'];
export type Campaign = Schemas['Campaign'];
export type Design = Schemas['CampaignDesign'];
export type Document = Schemas['FormDocument'];
export type Question = Schemas['Field'];
export type Kind = Schemas['FieldKind'];
export type Condition = Schemas['Condition'];
export type Choice = Schemas['Choice'];
export type CarryOver = Schemas['CarryOver'];
export type Cadence = Schemas['Cadence'];
export type Quick = Schemas['QuickAnswer'];

export const KINDS: readonly Kind[] = ['choice', 'choices', 'boolean', 'text', 'number', 'date', 'region', 'phone', 'photos', 'location'];

/** What is measured at the moment of answering, so that yesterday's value is none. */
const MEASURED: readonly Kind[] = ['number', 'photos', 'location'];
/** What a condition can look at. */
const TESTABLE: readonly Kind[] = ['choice', 'choices', 'boolean', 'number', 'region'];

export const isTestable = (question: Question) => TESTABLE.includes(question.kind);

/** What the next form may do with an answer of this kind. */
export function carryOvers(kind: Kind): CarryOver[] {
  return MEASURED.includes(kind) ? ['ask', 'never'] : ['prefill', 'ask', 'never'];
}

/** The limits a kind begins with. */
function limits(kind: Kind): Partial<Question> {
  switch (kind) {
    case 'number':
      return { minimum: 0, maximum: 100, decimals: 0 };
    case 'choice':
    case 'choices':
      return { choices: [] };
    case 'text':
      return { max_length: 200 };
    case 'photos':
      return { at_most: 3 };
    case 'location':
      return { precise: false };
    default:
      return {};
  }
}

/** A name no question has yet: it is the answer's key and stays, whatever becomes of the title. */
export function freeName(questions: readonly Question[]): string {
  for (let n = questions.length + 1; ; n++) {
    const name = `q${n}`;
    if (!questions.some((question) => question.name === name)) return name;
  }
}

export function newQuestion(questions: readonly Question[], kind: Kind = 'choice'): Question {
  return { name: freeName(questions), title: '', kind, required: true, sensitive: false, carry_over: 'ask', ...limits(kind) };
}

/** The same question as another kind: what both know stays, the limits of the old kind go. */
export function asKind(question: Question, kind: Kind): Question {
  const { name, title, help, required, sensitive, show_if } = question;
  const both = { name, title, required, sensitive, ...(help ? { help } : {}), ...(show_if ? { show_if } : {}) };
  const kept = kind === 'choice' || kind === 'choices' ? { choices: question.choices ?? [] } : limits(kind);
  const carry_over = carryOvers(kind).includes(question.carry_over) ? question.carry_over : 'ask';
  return { ...both, kind, carry_over, ...kept };
}

/** A copy of a question, right behind it. */
export function duplicated(questions: readonly Question[], place: number): Question[] {
  const original = questions[place];
  if (!original) return [...questions];
  const copy: Question = { ...plain(original), name: freeName(questions) };
  return [...questions.slice(0, place + 1), copy, ...questions.slice(place + 1)];
}

/** The questions with one moved a place up or down; unchanged at the ends. */
export function moved<T>(list: readonly T[], from: number, by: -1 | 1): T[] {
  const to = from + by;
  const copy = [...list];
  const [taken] = copy.slice(from, from + 1);
  if (to < 0 || to >= copy.length || taken === undefined) return copy;
  copy.splice(from, 1);
  copy.splice(to, 0, taken);
  return copy;
}

/** Where a question is still needed when it goes: by titles of questions, and parts of the form. */
export function usesOf(document: Document, name: string): { questions: string[]; elsewhere: boolean } {
  const questions = document.fields.filter((field) => field.show_if?.field === name || field.not_before === name).map((field) => field.title);
  const conditions = [...(document.abnormal ?? []), ...(document.checks ?? []).flatMap((check) => check.when)];
  const trip = document.trip ? [document.trip.left_on, document.trip.returned_on, document.trip.place, document.trip.transport] : [];
  const quick = document.quick ? [document.quick.field, ...(document.quick.same ?? [])] : [];
  return { questions, elsewhere: conditions.some((condition) => condition.field === name) || document.place === name || trip.includes(name) || quick.includes(name) };
}

/** The document without a question, and without what is said of it elsewhere. */
export function without(document: Document, name: string): Document {
  const fields = document.fields
    .filter((field) => field.name !== name)
    .map((field) => {
      const left = { ...field };
      if (left.show_if?.field === name) delete left.show_if;
      if (left.not_before === name) delete left.not_before;
      return left;
    });
  const other = (condition: Condition) => condition.field !== name;
  const trip = document.trip;
  const gone = trip && (trip.left_on === name || trip.place === name);
  const quick = document.quick?.field === name ? null : document.quick;
  return {
    ...document,
    fields,
    abnormal: (document.abnormal ?? []).filter(other),
    checks: (document.checks ?? []).map((check) => ({ ...check, when: check.when.filter(other) })).filter((check) => check.when.length > 0),
    statistics: (document.statistics ?? []).filter((statistic) => statistic.field !== name),
    place: document.place === name ? null : (document.place ?? null),
    ...(document.quick === undefined ? {} : { quick: quick ? { ...quick, same: (quick.same ?? []).filter((each) => each !== name) } : null }),
    trip: !trip || gone ? null : { ...trip, returned_on: trip.returned_on === name ? null : trip.returned_on, transport: trip.transport === name ? null : trip.transport },
  };
}

/** Questions that can be asked on a card: numbers that are always asked. */
export const measurable = (questions: readonly Question[]) => questions.filter((question) => question.kind === 'number' && question.required && !question.show_if);

/** Questions that a quick answer may take over although the page asks them anew. */
export const repeatable = (questions: readonly Question[]) => questions.filter((question) => question.carry_over === 'ask' && !MEASURED.includes(question.kind));

/** A quick answer on a number, as it begins: one choice, and everything else that must be answered as it was. */
export function newQuick(questions: readonly Question[], question: Question): Quick {
  const value = question.minimum ?? 0;
  const same = repeatable(questions).filter((other) => other.required && !other.show_if);
  return { field: question.name, bands: [{ title: `${value}${question.unit ?? ''}`, value }], same: same.map((other) => other.name) };
}

/** Choices of many lines at once, one a line; a line that stands already is left out. */
export function pasted(choices: readonly Choice[], text: string): Choice[] {
  const all = [...choices];
  for (const line of text.split(/[\n\r\t]+/)) {
    const title = line.trim().replace(/^[A-Za-z0-9]{1,2}[.、)）]\s*/, '').trim();
    if (title !== '' && !all.some((choice) => choice.value === title)) all.push({ value: title, title });
  }
  return all;
}

/** A condition on a question, as it begins. */
export function newCondition(question: Question): Condition {
  switch (question.kind) {
    case 'boolean':
      return { field: question.name, equals: true };
    case 'number':
      return { field: question.name, at_least: question.minimum ?? 0 };
    case 'region':
      return { field: question.name, within: [] };
    default:
      return { field: question.name, one_of: [] };
  }
}

/** The choices a condition names, whether it says "equals" or "one of". */
export function chosen(condition: Condition): string[] {
  const values = condition.one_of ?? (condition.equals === undefined || condition.equals === null ? [] : [condition.equals]);
  return values.filter((value): value is string => typeof value === 'string');
}

/** The document as it is sent: nothing empty where nothing is meant. */
export function toSend(document: Document): Document {
  const sent = plain(document);
  for (const field of sent.fields) {
    for (const key of ['help', 'unit', 'not_before'] as const) if (!field[key]?.trim()) delete field[key];
    for (const key of ['days_back', 'days_ahead'] as const) if (typeof field[key] !== 'number') delete field[key];
    for (const choice of field.choices ?? []) if (!choice.region?.trim()) delete choice.region;
  }
  if (sent.cadence.kind === 'daily') for (const slot of sent.cadence.slots) if (!slot.title?.trim()) delete slot.title;
  return sent;
}

/** Whether two documents ask the same. */
export const same = (one: Document, other: Document) => JSON.stringify(sorted(toSend(one))) === JSON.stringify(sorted(toSend(other)));

/** What the preview asks, given what was tapped in it. */
export const previewed = (document: Document, answers: Answers) => askedFields(document.fields, answers);

/** A copy that shares nothing, of what may be reactive. */
export const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, of]) => of !== null && of !== undefined && !(Array.isArray(of) && of.length === 0));
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, of]) => [key, sorted(of)]));
}
