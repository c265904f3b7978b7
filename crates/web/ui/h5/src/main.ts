import { createApp } from 'vue';
import '#shared/styles/tokens.css';
import 'vant/es/style/base.css';
import './styles/base.css';
import App from './App.vue';
import { restore } from './locale/index.ts';
import { askForTodayEarly } from './pages/forms/today.ts';
import { createAppRouter } from './router/index.ts';

// After an update the parts an open page still asks for are gone; the new page has the new ones.
addEventListener('vite:preloadError', (event) => {
  event.preventDefault();
  location.reload();
});

if (location.pathname === '/h5/') askForTodayEarly();

const app = createApp(App).use(createAppRouter());
// English words may fail to load; Chinese is better than nothing.
restore()
  .catch(() => undefined)
  .finally(() => app.mount('#app'));
