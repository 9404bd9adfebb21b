/** Waiting, with growing pauses: quick answers are seen at once, slow ones do not cost requests. */

const GROWING = [1, 1, 2, 3, 5, 5, 8, 8, 10, 10, 15, 15, 20, 20];

export const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** The pauses of about two minutes; each ends early when the reader comes back to the tab. */
export async function* pauses() {
  for (const seconds of GROWING) {
    await Promise.race([sleep(seconds), shown()]);
    yield seconds;
  }
}

function shown() {
  return new Promise((done) => {
    if (document.visibilityState === "visible") return;
    document.addEventListener("visibilitychange", done, { once: true });
  });
}
