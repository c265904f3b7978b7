import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue';
import { chooseReader } from './reader.ts';

/** `none`: no camera here, or none that may be used; a hand scanner still works. */
export type CameraState = 'off' | 'starting' | 'on' | 'denied' | 'none';

/** Milliseconds between two looks. */
const EVERY = 120;
/** Pixels of the square that is looked at. */
const SIDE = 640;

/** Looks through the camera again and again, and tells what code is in view. Ends with the scope. */
export function useCamera(video: Readonly<ShallowRef<HTMLVideoElement | null>>, seen: (text: string) => void) {
  const state = shallowRef<CameraState>('off');
  const canvas = document.createElement('canvas');
  canvas.width = SIDE;
  canvas.height = SIDE;
  const reader = chooseReader();
  let stream: MediaStream | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  async function start(): Promise<void> {
    if (state.value === 'starting' || state.value === 'on') return;
    state.value = 'starting';
    try {
      // Without https the browser has none of it.
      const devices = navigator.mediaDevices as MediaDevices | undefined;
      if (!devices) throw new DOMException('no camera', 'NotFoundError');
      const wanted = { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } };
      stream = await devices.getUserMedia({ video: wanted, audio: false });
      if (ended) return stop();
      // Unplugged, or taken by another program.
      for (const track of stream.getVideoTracks()) track.addEventListener('ended', lost);
      await show();
      state.value = 'on';
      plan();
    } catch (error) {
      stop();
      state.value = error instanceof DOMException && ['NotAllowedError', 'SecurityError'].includes(error.name) ? 'denied' : 'none';
    }
  }

  async function show() {
    if (!video.value || !stream) return;
    video.value.srcObject = stream;
    await video.value.play().catch(() => undefined);
  }

  function stop() {
    clearTimeout(timer);
    for (const track of stream?.getTracks() ?? []) {
      track.removeEventListener('ended', lost);
      track.stop();
    }
    stream = null;
  }

  function lost() {
    stop();
    state.value = 'none';
  }

  function plan() {
    clearTimeout(timer);
    if (!ended && state.value === 'on') timer = setTimeout(() => void look(), EVERY);
  }

  async function look() {
    try {
      const picture = video.value;
      const side = picture ? Math.min(picture.videoWidth, picture.videoHeight) : 0;
      if (picture && side > 0 && document.visibilityState === 'visible') {
        // The middle of what is seen: where the frame on the screen is.
        const [x, y] = [(picture.videoWidth - side) / 2, (picture.videoHeight - side) / 2];
        canvas.getContext('2d', { willReadFrequently: true })?.drawImage(picture, x, y, side, side, 0, 0, SIDE, SIDE);
        const text = await (await reader)(canvas);
        if (text) seen(text);
      }
    } finally {
      plan();
    }
  }

  watch(video, () => void show());
  onScopeDispose(() => {
    ended = true;
    stop();
  });
  return { state: state as Readonly<ShallowRef<CameraState>>, start };
}
