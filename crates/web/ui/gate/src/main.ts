import { createApp } from 'vue';
import '#shared/styles/tokens.css';
import './styles/base.css';
import App from './App.vue';
import { restore } from './locale/index.ts';

// After an update the parts an open page still asks for are gone; the new page has the new ones.
addEventListener('vite:preloadError', (event) => {
  event.preventDefault();
  location.reload();
});

// The page opens without a network too; where the browser has no such thing, it works as long as it is open.
if (import.meta.env.PROD) void navigator.serviceWorker?.register('/gate/worker.js').catch(() => undefined);

const app = createApp(App);
// English words may fail to load; Chinese is better than nothing.
restore()
  .catch(() => undefined)
  .finally(() => app.mount('#app'));
