// Requests to our own server: JSON in and out, the CSRF token, and patience when the server asks for it.
// Resolves to {ok, status, data}; rejects only when the network fails.
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export async function request(method, path, body, { retries = 3, signal } = {}) {
  const headers = { Accept: 'application/json', 'X-CSRF-Token': document.querySelector('meta[name="csrf"]')?.content ?? '' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'same-origin', signal });
    if (answer.status === 503 && attempt < retries) {
      await wait(1000 * Math.min(30, Number(answer.headers.get('Retry-After')) || 2));
      continue;
    }
    const type = answer.headers.get('Content-Type') ?? '';
    const data = type.includes('json') ? await answer.json() : await answer.text();
    return { ok: answer.ok, status: answer.status, data };
  }
}
