/** /pay/return/{id}: asks for the state with growing pauses; the words wait in the page's templates. */

import { pauses, sleep } from "./pauses.js";

const place = document.getElementById("payment-status");
const address = `${location.pathname.replace(/\/$/, "")}/state`;
const LONGEST_WAIT = 30;

async function ask() {
  try {
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(20_000) });
    if (answer.status === 429) {
      const seconds = Number(answer.headers.get("Retry-After")) || 1;
      await sleep(Math.min(seconds, LONGEST_WAIT));
    }
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // Offline or too slow: the next round asks again.
  }
}

function draw(status) {
  if (place.dataset.status === status) return;
  const words = document.querySelector(`template[data-state="${CSS.escape(status)}"]`);
  if (!words) return;
  place.dataset.status = status;
  place.replaceChildren(words.content.cloneNode(true));
  const title = place.querySelector("h1").firstChild.textContent.trim();
  document.title = document.title.replace(/^[^·]*/, `${title} `);
}

async function watch() {
  for await (const _ of pauses()) {
    const state = await ask();
    if (!state) continue;
    draw(state.status);
    if (state.final) {
      document.getElementById("again").hidden = true;
      return;
    }
  }
  document.getElementById("slow").hidden = false;
}

watch();
