import { computed, onScopeDispose, shallowRef } from 'vue';
import { newIdempotencyKey } from '#shared/api/client.ts';
import { asProblem } from '#shared/api/problem.ts';
import type { components } from '#shared/api/schema.d.ts';
import { carry, fetchGuide, fetchPhoto, scan as ask, type Decision, type Recent } from './api.ts';
import { readCode, type Code } from './code/code.ts';
import { isSignedWith } from './code/verify.ts';
import { isRight, noteOf, serverNow } from './decide/clock.ts';
import { decide, type Direction, type Refusal, type Why } from './decide/decide.ts';
import { dayOf } from './decide/hours.ts';
import type { Counts, Device, KeptGuide, Shelf } from './keep/shelf.ts';
import { tellAll } from './keep/tell.ts';

/** What became of a scan, for the screen. */
export type Outcome = {
  id: string;
  direction: Direction;
  allowed: boolean;
  reason: Refusal | null;
  /** The server's sentence for it, in Chinese. */
  message: string | null;
  why: Why | null;
  /** What was against it where the gate lets everybody through. */
  despite: Refusal | null;
  flags: string[];
  person: { name: string; place: string | null; guest: components['schemas']['GateGuest'] | null } | null;
  /** Decided here, without the server. */
  alone: boolean;
};

/** Milliseconds between two looks whether the server is there again. */
const AGAIN = 5_000;
/** Milliseconds after which the guide is asked for anew. */
const FRESH = 180_000;

/** A device at a gate: decides about scans, with the server and without, and tells it what it missed. */
export function useGate(shelf: Shelf, device: Device, withdrawn: (untold: number) => void) {
  const link = shallowRef<'unknown' | 'on' | 'off'>('unknown');
  const kept = shallowRef<KeptGuide | null>(null);
  const waiting = shallowRef(0);
  const counts = shallowRef<Counts>({ day: '', in: 0, out: 0 });
  const chosen = shallowRef<Direction>('in');
  const asking = shallowRef(false);
  const outcome = shallowRef<Outcome | null>(null);
  const photo = shallowRef<string | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking: Promise<void> | null = null;
  let ended = false;

  const served = computed<Direction[]>(() => {
    const directions = kept.value?.guide.directions ?? 'both';
    return directions === 'both' ? ['in', 'out'] : [directions];
  });
  const direction = computed(() => (served.value.includes(chosen.value) ? chosen.value : (served.value[0] ?? 'in')));
  const now = () => serverNow(kept.value?.clock ?? null, Date.now());
  const today = () => dayOf(now(), kept.value?.guide.time_zone ?? 'Asia/Shanghai');

  async function open(): Promise<void> {
    kept.value = await shelf.read('guide');
    chosen.value = (await shelf.read('direction')) ?? 'in';
    counts.value = (await shelf.read('counts')) ?? counts.value;
    waiting.value = await shelf.count();
    await look();
  }

  function choose(way: Direction) {
    chosen.value = way;
    void shelf.keep('direction', way);
  }

  /** Decides about what was scanned. One at a time. */
  async function scan(text: string): Promise<void> {
    if (asking.value || ended) return;
    asking.value = true;
    photo.value = null;
    try {
      outcome.value = await outcomeOf(text);
    } finally {
      asking.value = false;
    }
  }

  async function outcomeOf(text: string): Promise<Outcome | null> {
    const code = readCode(text);
    // Of what is no code nothing is sent: it may be anything.
    const scanned = { id: newIdempotencyKey(), code: code ? text : '', direction: direction.value };
    if (link.value !== 'off') {
      try {
        return await said(scanned, code, await ask(device, scanned));
      } catch (error) {
        const problem = asProblem(error);
        // Unknown: withdrawn, or its gate is out of use, which the guide says.
        if (problem.status === 401) {
          await looking;
          await look(true);
        } else link.value = 'off';
        if (ended) return null;
        plan();
      }
    }
    return alone(scanned, code);
  }

  async function said({ id, direction: way }: { id: string; direction: Direction }, code: Code | null, decision: Decision): Promise<Outcome> {
    link.value = 'on';
    if (waiting.value > 0) void look();
    if (decision.allowed && code) await shelf.use(usedUntil(code), now());
    return shownOf(id, way, decision);
  }

  /** Somebody scanned the code this gate shows. */
  async function passed({ id, direction: way, decision }: Recent): Promise<void> {
    photo.value = null;
    if (decision.allowed) await counted(way);
    outcome.value = outcomeBy(`own-${id}`, way, decision);
  }

  async function shownOf(id: string, way: Direction, decision: Decision): Promise<Outcome> {
    if (decision.allowed) await counted(way);
    if (decision.person?.photo) void showPhoto(id, decision.person.photo);
    return outcomeBy(id, way, decision);
  }

  function outcomeBy(id: string, way: Direction, { person, ...decision }: Decision): Outcome {
    return {
      id,
      direction: way,
      allowed: decision.allowed,
      reason: decision.reason ?? null,
      message: decision.message ?? null,
      why: null,
      despite: null,
      flags: decision.flags,
      person: person ? { name: person.name, place: person.place ?? null, guest: person.guest ?? null } : null,
      alone: false,
    };
  }

  async function showPhoto(id: string, path: string) {
    const picture = await fetchPhoto(device, path);
    if (outcome.value?.id === id) photo.value = picture;
  }

  async function alone(scanned: { id: string; code: string; direction: Direction }, code: Code | null): Promise<Outcome> {
    const guide = kept.value?.guide ?? null;
    const key = guide?.keys.find(({ id }) => id === code?.kid);
    const moment = now();
    const verdict = decide({
      guide,
      code,
      signed: code && key ? await isSignedWith(code, key.public_key) : false,
      direction: scanned.direction,
      now: moment,
      clockIsRight: isRight(kept.value?.clock ?? null, Date.now()),
      used: code ? await shelf.isUsed(code.jti) : false,
    });
    // A gate out of use keeps no log; the server keeps none either.
    if (verdict.why !== 'closed') {
      const passage = { ...scanned, at: new Date(moment).toISOString(), reason: verdict.reason };
      await shelf.decided(passage, verdict.allowed && code ? usedUntil(code) : null);
      waiting.value = await shelf.count();
      if (verdict.allowed) await counted(scanned.direction);
    }
    return { id: scanned.id, direction: scanned.direction, ...verdict, message: null, flags: [], person: null, alone: true };
  }

  const usedUntil = (code: Code) => ({ jti: code.jti, until: (code.end + 60) * 1000 });

  async function counted(way: Direction) {
    const day = today();
    const before = counts.value.day === day ? counts.value : { day, in: 0, out: 0 };
    counts.value = { ...before, [way]: before[way] + 1 };
    await shelf.keep('counts', counts.value);
  }

  /** Tells what waits, and asks for the guide where it is not fresh; one look at a time. */
  function look(anew = false): Promise<void> {
    looking ??= lookNow(anew).finally(() => {
      looking = null;
      plan();
    });
    return looking;
  }

  async function lookNow(anew: boolean): Promise<void> {
    // What can't be told must not keep the guide from coming.
    const told = await failureOf(tellWaiting());
    const renewed = await failureOf(anew || link.value !== 'on' || isOld() ? renew() : Promise.resolve());
    const failure = told ?? renewed;
    if (failure?.status === 401) await end();
    else link.value = failure ? 'off' : 'on';
    if (!ended) waiting.value = await shelf.count();
  }

  async function tellWaiting() {
    if (waiting.value > 0) await tellAll(shelf, (passages) => carry(device, passages));
  }

  /** Also where the clock went back: nobody knows then how old the guide is. */
  function isOld(): boolean {
    const age = Date.now() - (kept.value?.came ?? 0);
    return age < 0 || age >= FRESH;
  }

  async function renew() {
    const asked = Date.now();
    const guide = await fetchGuide(device);
    const came = Date.now();
    kept.value = { guide, came, clock: noteOf(guide.now, asked, came) };
    await shelf.keep('guide', kept.value);
  }

  function plan() {
    clearTimeout(timer);
    if (!ended) timer = setTimeout(() => void look(), AGAIN);
  }

  /** The server does not know this device any more: what was not told can't be told. */
  async function end() {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    const untold = await shelf.count();
    await shelf.clear();
    withdrawn(untold);
  }

  const back = () => void look();
  const gone = () => (link.value = 'off');
  addEventListener('online', back);
  addEventListener('offline', gone);
  onScopeDispose(() => {
    ended = true;
    clearTimeout(timer);
    removeEventListener('online', back);
    removeEventListener('offline', gone);
  });

  return {
    link,
    kept,
    waiting,
    counts: computed(() => counts.value),
    served,
    direction,
    asking,
    outcome,
    photo,
    open,
    choose,
    scan,
    passed,
    now,
    today,
    dismiss: () => {
      outcome.value = null;
      photo.value = null;
    },
  };
}

/** What went wrong, if it did. */
const failureOf = (work: Promise<unknown>) => work.then(() => null, asProblem);

export type Gate = ReturnType<typeof useGate>;
