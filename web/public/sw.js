// Keeps the page itself on the device, so that a crew without a line can open it. Nothing of /v1/ is kept here.
const CACHE = 'flyonce-page-1';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  const ours = event.request.method === 'GET' && url.origin === location.origin;
  if (!ours || /^\/(v1|ogc|open311|sign-in|metrics|healthz|readyz)(\/|$)/.test(url.pathname)) return;
  if (url.pathname.startsWith('/assets/')) event.respondWith(fromCache(event.request));
  else if (event.request.mode === 'navigate' || url.pathname === '/icon.svg') event.respondWith(fromServer(event.request));
});

/** Names with a hash never change. */
async function fromCache(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

/** The page as it is now, or as it was when there was a line. */
async function fromServer(request) {
  const cache = await caches.open(CACHE);
  const name = request.mode === 'navigate' ? '/' : request;
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) {
      await cache.put(name, answer.clone());
      if (request.mode === 'navigate') await forgetOld(cache, await answer.clone().text());
    }
    return answer;
  } catch (error) {
    const kept = await cache.match(name);
    if (kept) return kept;
    throw error;
  }
}

/** A new build has new names: once its page is here, entries of scripts that it does not start from are let go. */
async function forgetOld(cache, page) {
  const start = /\/assets\/index-[\w-]+\.js/.exec(page)?.[0];
  const kept = await cache.keys();
  const before = kept.map((one) => new URL(one.url).pathname).find((path) => /\/assets\/index-[\w-]+\.js$/.test(path));
  if (!start || !before || before === start) return;
  await Promise.all(kept.filter((one) => new URL(one.url).pathname.startsWith('/assets/')).map((one) => cache.delete(one)));
}
