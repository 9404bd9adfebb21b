/** Topping up: one key a filled form, so that pressing twice, or again after a break, pays once. */

import { isFinal, payableAt, stopWatching } from "./account.js";
import { call, Failure } from "./api.js";
import { focusFirst, mark, markAll, unmark } from "./fields.js";
import { formatAmount, kopecks, parseAmount } from "./money.js";
import { byId, clearNotice, guarded, notice, noticeFailure, say, sayWait, show } from "./page.js";
import { pauses, sleep } from "./pauses.js";
import { fill, texts } from "./texts.js";

const IN_PROGRESS_TRIES = 5;

let token = () => null;
let back = () => {};
let expired = () => {};
let current = { key: null, content: null };
let waitingFor = null;

export function startTopUp({ getToken, onBack, onExpired }) {
  token = getToken;
  back = onBack;
  expired = onExpired;
  byId("topup-form").addEventListener("submit", guarded(byId("topup-submit"), submit));
  byId("waiting-leave").addEventListener("click", leaveWaiting);
  for (const chip of document.querySelectorAll(".chip")) {
    chip.addEventListener("click", () => {
      byId("value").value = chip.dataset.value;
      unmark("value");
    });
  }
}

/** A new form has a new key; the same content sent again keeps its key until an answer is final. */
function keyFor(content) {
  if (current.content !== content) current = { key: crypto.randomUUID(), content };
  return current.key;
}

export function forgetKey() {
  current = { key: null, content: null };
}

async function submit() {
  clearNotice();
  unmark("value", "description");
  const value = checkedValue();
  if (focusFirst("value")) return;
  const body = { value, currency: "RUB" };
  const description = byId("description").value.trim();
  if (description) body.description = description;
  say(texts.sending);
  try {
    const { data } = await create(body);
    forgetKey();
    await proceed(data);
  } catch (failure) {
    say("");
    refuse(failure);
  }
}

function checkedValue() {
  const typed = byId("value").value;
  const value = parseAmount(typed);
  const { least, most } = byId("topup-form").dataset;
  if (!typed.trim()) mark("value", texts.fields.required);
  else if (value === null) mark("value", texts.fields.amount);
  else if (kopecks(value) < kopecks(least) || kopecks(value) > kopecks(most)) mark("value", limits());
  return value;
}

function limits() {
  const { least, most } = byId("topup-form").dataset;
  return fill(texts.fields.limits, formatAmount(least, "RUB"), formatAmount(most, "RUB"));
}

/** 409 right after an interrupted try means the first one is still at work: its answer is ours. */
async function create(body) {
  const key = keyFor(JSON.stringify(body));
  for (let tried = 1; ; tried += 1) {
    try {
      return await call("POST", "/api/v1/payment", { token: token(), body, key, onWait: sayWait });
    } catch (failure) {
      if (failure.code !== "idempotency_in_progress" || tried >= IN_PROGRESS_TRIES) throw failure;
      await sleep(failure.retryAfter ?? tried);
    }
  }
}

function refuse(failure) {
  if (!(failure instanceof Failure)) throw failure;
  if (failure.status === 401) return expired();
  if (!failure.unsure) forgetKey();
  const placed = markAll(failure, (name) => (name === "value" ? limits() : null));
  if (!placed) noticeFailure(failure);
  focusFirst("value", "description");
}

async function proceed(payment) {
  const url = payableAt(payment);
  if (url) return goTo(url);
  if (isFinal(payment)) return back();
  await waitFor(payment.id);
}

async function goTo(url) {
  say(texts.opening);
  location.assign(url);
  // The page stays until the next one has come; till then the form must not work again.
  await sleep(10);
}

/** The provider is undecided (202): watch the payment until it can be paid or is over. */
export async function waitFor(id) {
  waitingFor = id;
  stopWatching();
  history.replaceState(null, "", `#wait=${id}`);
  clearNotice();
  byId("waiting-text").textContent = texts.asking;
  show("waiting");
  for await (const _ of pauses()) {
    if (waitingFor !== id) return;
    const payment = await look(id);
    if (waitingFor !== id) return;
    if (payment && payableAt(payment)) {
      history.replaceState(null, "", location.pathname);
      return goTo(payableAt(payment));
    }
    if (payment && isFinal(payment)) {
      leaveWaiting();
      return notice(texts.gone, { calm: true });
    }
  }
  byId("waiting-text").textContent = texts.stillAsking;
}

async function look(id) {
  try {
    const url = `/api/v1/payment/${encodeURIComponent(id)}`;
    return (await call("GET", url, { token: token() })).data;
  } catch (failure) {
    if (failure.status === 401) {
      waitingFor = null;
      expired();
    } else if (failure.status === 404) {
      leaveWaiting();
      noticeFailure(failure);
    }
    return null;
  }
}

function leaveWaiting() {
  waitingFor = null;
  history.replaceState(null, "", location.pathname);
  back();
}
