/** What is heard and felt of a decision. Browsers are silent until somebody has touched the page. */
import { shallowRef } from 'vue';

let sound: AudioContext | undefined;
/** Whether sound waits for a touch. */
export const isMute = shallowRef(true);

/** To be called when somebody touches the page. */
export function allowSound(): void {
  try {
    sound ??= new AudioContext();
    void sound.resume().then(() => {
      isMute.value = sound?.state !== 'running';
    }, () => undefined);
  } catch {
    // No sound here; the screen says it all.
  }
}

function tone(frequency: number, from: number, seconds: number) {
  if (!sound || sound.state !== 'running') return;
  const begins = sound.currentTime + from;
  const [source, volume] = [sound.createOscillator(), sound.createGain()];
  source.frequency.value = frequency;
  volume.gain.setValueAtTime(0.0001, begins);
  volume.gain.exponentialRampToValueAtTime(0.4, begins + 0.01);
  volume.gain.exponentialRampToValueAtTime(0.0001, begins + seconds);
  source.connect(volume).connect(sound.destination);
  source.start(begins);
  source.stop(begins + seconds);
}

/** One high tone for yes, two low ones for no, high and low for yes with something to look at. */
export function signal(kind: 'yes' | 'look' | 'no'): void {
  if (kind === 'yes') tone(1320, 0, 0.16);
  else if (kind === 'look') [1320, 880].forEach((frequency, nth) => tone(frequency, nth * 0.16, 0.16));
  else [220, 220].forEach((frequency, nth) => tone(frequency, nth * 0.24, 0.2));
  // Not every browser has it, nor every device.
  (navigator as { vibrate?: (pattern: number[]) => boolean }).vibrate?.(kind === 'yes' ? [60] : [120, 60, 120]);
}
