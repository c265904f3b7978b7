/* global SCOPE, INDEX, CACHE, FAMILY, FILES */
// Keeps the files named above it, under names that change with their content. A page comes from the network where it answers
// soon, so that a new version is seen at once, and else from what is kept. The API is never kept. In the words of Chrome 80, since it
// goes out as it stands.

const SOON = 2500;

addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' }))))
      .then(() => self.skipWaiting()),
  );
});

addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith(FAMILY) && name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (request.mode === 'navigate') {
    if (url.pathname.startsWith(SCOPE)) event.respondWith(page(request));
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(kept(url.pathname, request));
  }
});

async function kept(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) || fetch(request);
}

async function page(request) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), SOON);
  try {
    const response = await fetch(request.url, { signal: giveUp.signal, credentials: 'same-origin' });
    if (response.status < 500) return response;
  } catch {
    // No network, or one that takes too long.
  } finally {
    clearTimeout(timer);
  }
  const cache = await caches.open(CACHE);
  return (await cache.match(INDEX)) || Response.error();
}
