/** /pay/: decides what is shown — the log-in, the account, or waiting for the provider. */

import { refresh, startAccount, stopWatching } from "./account.js";
import { Failure } from "./api.js";
import { showGate, startGate } from "./gate.js";
import { byId, clearNotice, notice, noticeFailure, say, show } from "./page.js";
import * as session from "./session.js";
import { texts } from "./texts.js";
import { forgetKey, startTopUp, waitFor } from "./topup.js";

let alarm = null;

const getToken = () => session.current()?.token ?? null;

function route() {
  const known = session.current();
  if (!known) {
    if (session.wasKnown()) return expire();
    return showGate();
  }
  watchExpiry(known);
  byId("who-name").textContent = known.username;
  const waiting = /^#wait=([0-9a-f-]{36})$/.exec(location.hash);
  if (waiting) return waitFor(waiting[1]);
  return openAccount();
}

function openAccount() {
  show("account");
  return refresh();
}

function watchExpiry(known) {
  clearTimeout(alarm);
  alarm = setTimeout(expire, known.expiresAt - Date.now());
}

/** What was typed into the form stays: after logging in again the person goes on. */
function expire() {
  leave();
  notice(texts.expired, { calm: true });
}

function leave() {
  clearTimeout(alarm);
  stopWatching();
  session.forget();
  byId("history").replaceChildren();
  byId("balance-available").textContent = "—";
  showGate();
}

function report(failure) {
  if (!(failure instanceof Failure)) throw failure;
  if (failure.status === 401) expire();
  else noticeFailure(failure);
}

startGate(() => {
  clearNotice();
  route();
});
startAccount(getToken, report);
startTopUp({ getToken, onBack: openAccount, onExpired: expire });
byId("leave").addEventListener("click", () => {
  clearNotice();
  forgetKey();
  byId("topup-form").reset();
  leave();
  say(texts.left);
});
// Coming back from the checkout with the browser's own button revives this page as it was left.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  forgetKey();
  say("");
  route();
});
route();
