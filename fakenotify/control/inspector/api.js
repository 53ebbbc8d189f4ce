// The control API and its event stream: all that this page reads and writes.

const ROOT = "/_fake/";

const answer = async (path, options) => {
  const response = await fetch(ROOT + path, options);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error || response.statusText);
  return body;
};

export const get = (path, query = {}, signal = undefined) => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return answer(text ? `${path}?${text}` : path, { signal });
};

export const send = (method, path, body) => answer(path, body === undefined ? { method } : {
  method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});

// Call `run` soon, once for all that asked meanwhile, and never while it is still at work.
export const coalesced = (run, pause = 100) => {
  let timer = 0;
  let running = false;
  let again = false;
  const later = (wait) => { timer ||= setTimeout(start, wait); };
  const start = async () => {
    timer = 0;
    running = true;
    again = false;
    const began = performance.now();
    try { await run(); } finally {
      running = false;
      if (again) later(Math.max(pause, performance.now() - began)); // a slow answer is not asked for more often than it comes
    }
  };
  return () => { if (running) again = true; else later(pause); };
};

// Follow the event stream for as long as the page is seen. A lost connection is taken up again, and `onopen` called.
export const follow = ({ onevent, onopen, onlost }) => {
  let source = null;
  let timer = 0;
  let wait = 500;
  const lost = () => {
    source?.close();
    clearTimeout(timer);
    timer = setTimeout(open, wait);
    wait = Math.min(wait * 2, 5000);
  };
  const open = () => {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(`${ROOT}events`);
    source.onopen = () => { wait = 500; onopen(); };
    source.onerror = () => { lost(); onlost(); };
    source.addEventListener("end", lost);
    for (const kind of ["request", "callback", "change"]) {
      source.addEventListener(kind, (event) => onevent(kind, JSON.parse(event.data)));
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return open();
    clearTimeout(timer);
    source?.close(); // a browser has few connections to one host; a hidden page leaves them to the others
  });
  open();
};
