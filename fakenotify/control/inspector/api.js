// The control API and its event stream: all that this page reads and writes.

const ROOT = "/_fake/";

const ask = async (path, options) => {
  const response = await fetch(ROOT + path, options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error || response.statusText);
  return body;
};

export const get = (path, query = {}) => {
  const given = Object.entries(query).filter(([, value]) => (value ?? "") !== "");
  return ask(`${path}?${new URLSearchParams(given)}`);
};

export const send = (method, path, body) => ask(path, {
  method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});

// A function that calls `run` soon: once for all calls in the meantime, and never while it is still running.
export const coalesced = (run) => {
  let last = Promise.resolve(0); // how long it took
  let waiting = false;
  const start = async (before) => {
    const pause = Math.max(100, await before); // requests are sent no faster than they are answered
    await new Promise((resolve) => { setTimeout(resolve, pause); });
    waiting = false;
    const began = performance.now();
    await Promise.allSettled([run()]);
    return performance.now() - began;
  };
  return () => {
    if (!waiting) last = start(last);
    waiting = true;
  };
};

// Follow the event stream while the page is visible: a browser has few connections per host, so a hidden page has none.
export const follow = ({ onevent, onstate }) => {
  let source = null;
  const open = () => {
    source?.close();
    if (document.hidden) return;
    source = new EventSource(`${ROOT}events`);
    source.onopen = () => onstate(true);
    source.onerror = () => onstate(false); // the browser connects again by itself, unless it has closed the source
    for (const kind of ["request", "callback", "change"]) {
      source.addEventListener(kind, (event) => onevent(JSON.parse(event.data)));
    }
  };
  document.addEventListener("visibilitychange", open);
  setInterval(() => { if (source?.readyState === EventSource.CLOSED) open(); }, 2000);
  open();
};
