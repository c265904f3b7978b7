/**
 * What a device decides when the server does not answer: the rules of `domain::gate`, as far as the guide lets it know. Who
 * has not reported and who is ill it knows only as a list of whom not to let through; whom somebody expects it does not know.
 */
import type { components } from '#shared/api/schema.d.ts';
import type { Code } from '../code/code.ts';
import { isOpen, minuteOf } from './hours.ts';

export type Guide = components['schemas']['GateGuide'];
export type Direction = components['schemas']['GateDirection'];
export type Refusal = components['schemas']['GateRefusal'];

/** More than the server's word for it: what the guard can do about it. */
export type Why = 'clock' | 'no_guide' | 'stale_guide' | 'listed' | 'closed' | 'visitor';

export type Verdict = {
  allowed: boolean;
  /** Why not, in the server's words; null: allowed. */
  reason: Refusal | null;
  why: Why | null;
  /** What would have been said against it where the gate lets everybody through. */
  despite: Refusal | null;
};

export type Scene = {
  /** null: there never was one. */
  guide: Guide | null;
  /** What was read; null: none of ours. */
  code: Code | null;
  /** Whether its signature is that of the key it names. */
  signed: boolean;
  direction: Direction;
  /** Now, by the server's clock as far as it is known, in milliseconds. */
  now: number;
  /** Whether this device's clock is to be trusted. */
  clockIsRight: boolean;
  /** Whether the same code was let through here before. */
  used: boolean;
};

/** Seconds a code lives from when it is first shown, and by how much a clock may be off: `domain::gate::code`. */
const LIFE = 20;
const SKEW = 5;

type Flaw = { reason: Refusal; why?: Why };

/** Whether whoever showed this code may pass. */
export function decide(scene: Scene): Verdict {
  const refused = ({ reason, why }: Flaw): Verdict => ({ allowed: false, reason, why: why ?? null, despite: null });
  if (!scene.guide) return refused({ reason: 'device', why: 'no_guide' });
  if (scene.guide.closed) return refused({ reason: 'device', why: 'closed' });
  const flaw = flawOf(scene.guide, scene);
  if (!flaw) return { allowed: true, reason: null, why: null, despite: null };
  if (scene.guide.failure === 'open') return { allowed: true, reason: null, why: flaw.why ?? null, despite: flaw.reason };
  return refused(flaw);
}

function flawOf(guide: Guide, { code, signed, direction, now, clockIsRight, used }: Scene): Flaw | null {
  if (!clockIsRight) return { reason: 'device', why: 'clock' };
  if (!code) return { reason: 'unreadable' };
  if (guide.killed.includes(code.kid)) return { reason: 'killed_key' };
  const key = guide.keys.find(({ id }) => id === code.kid);
  if (!key) {
    // A guide of yesterday does not know the keys of today.
    const knowsToday = guide.keys.some(({ from, until }) => Date.parse(from) <= now && now <= Date.parse(until));
    return knowsToday ? { reason: 'unreadable' } : { reason: 'device', why: 'stale_guide' };
  }
  if (!signed) return { reason: 'unreadable' };
  const seconds = Math.floor(now / 1000);
  if (now > Date.parse(key.until) || seconds >= code.end + SKEW) return { reason: 'expired' };
  if (now < Date.parse(key.from) || seconds < code.end - LIFE - SKEW) return { reason: 'early' };
  if (used) return { reason: 'used' };
  if (guide.directions !== 'both' && guide.directions !== direction) return { reason: 'direction' };
  if (code.visitor) return { reason: 'device', why: 'visitor' };
  const { permit = 'never' } = (direction === 'in' ? guide.rules.entering : guide.rules.leaving) ?? {};
  const open = isOpen(guide.rules.hours ?? [], minuteOf(now, guide.time_zone));
  if (!open && permit === 'never') return { reason: 'hours' };
  const needsPermit = permit === 'always' || (permit === 'outside_hours' && !open);
  const permitted = direction === 'in' ? key.permitted_in : key.permitted_out;
  if (needsPermit && !permitted.includes(code.pseudonym)) return { reason: 'no_permit' };
  const denied = direction === 'in' ? key.denied_in : key.denied_out;
  if (denied.includes(code.pseudonym)) return { reason: 'device', why: 'listed' };
  return null;
}
