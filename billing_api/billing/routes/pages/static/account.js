/** The balance and the list of payments. */

import { call } from "./api.js";
import { formatAmount, isZero } from "./money.js";
import { byId, guarded, sayWait } from "./page.js";
import { pauses } from "./pauses.js";
import { LANGUAGE, fill, texts } from "./texts.js";

const PAGE = 10;
const FINAL = new Set(["succeeded", "canceled"]);
const moment = new Intl.DateTimeFormat(LANGUAGE === "en" ? "en-GB" : "ru-RU", {
  day: "numeric",
  month: "long",
  hour: "2-digit",
  minute: "2-digit",
});

let token = () => null;
let report = () => {};
let nextCursor = null;
let watching = 0;
let drawn = null;

/** `getToken` gives the current token, `onFailure` hears of every failure. */
export function startAccount(getToken, onFailure) {
  token = getToken;
  report = onFailure;
  byId("refresh").addEventListener("click", guarded(byId("refresh"), refresh));
  byId("more").addEventListener("click", guarded(byId("more"), more));
}

/** Reads both again, then keeps watching while a payment is under way. */
export async function refresh() {
  if (await load()) watch();
}

export function stopWatching() {
  watching += 1;
}

async function load() {
  try {
    const options = { token: token(), onWait: sayWait };
    const [balance, payments] = await Promise.all([
      call("GET", "/api/v1/balance", options),
      call("GET", `/api/v1/payment?limit=${PAGE}`, options),
    ]);
    drawBalance(balance.data.items);
    drawRows(payments.data);
    return true;
  } catch (failure) {
    report(failure);
    return false;
  }
}

/** A newer watch, or leaving, ends the older one: `watching` is its number. */
async function watch() {
  watching += 1;
  const mine = watching;
  for await (const _ of pauses()) {
    const open = document.querySelector('.row[data-status="pending"], .row[data-status="waiting_for_capture"]');
    if (mine !== watching || !open) return;
    if (document.visibilityState === "visible" && byId("history").children.length <= PAGE) {
      if (!(await load())) return;
    }
  }
}

async function more() {
  try {
    const url = `/api/v1/payment?limit=${PAGE}&cursor=${encodeURIComponent(nextCursor)}`;
    const { data } = await call("GET", url, { token: token(), onWait: sayWait });
    byId("history").append(...data.items.map(row));
    drawEnd(data.next_cursor);
  } catch (failure) {
    report(failure);
  }
}

function drawBalance(items) {
  const rubles = items.find((item) => item.currency === "RUB");
  const { available, held, currency } = rubles ?? { available: "0.00", held: "0.00", currency: "RUB" };
  setText(byId("balance-available"), formatAmount(available, currency));
  byId("balance-available").dataset.value = available;
  byId("balance-held").hidden = isZero(held);
  setText(byId("balance-held"), fill(texts.held, formatAmount(held, currency)));
}

/** An unchanged text is left alone: a live region would be read out again. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Unchanged rows are left alone: the keyboard's place in them would be lost. */
function drawRows({ items, next_cursor: cursor }) {
  const seen = JSON.stringify(items);
  if (seen !== drawn || byId("history").children.length !== items.length) {
    byId("history").replaceChildren(...items.map(row));
    drawn = seen;
  }
  drawEnd(cursor);
}

function drawEnd(cursor) {
  nextCursor = cursor;
  byId("more").hidden = !cursor;
  byId("history-empty").hidden = byId("history").children.length > 0;
}

function row(payment) {
  const item = byId("row").content.firstElementChild.cloneNode(true);
  const part = (selector) => item.querySelector(selector);
  item.dataset.status = payment.status;
  item.dataset.paymentId = payment.id;
  part(".sum").textContent = formatAmount(payment.value, payment.currency);
  part(".sum").href = `/pay/return/${encodeURIComponent(payment.id)}`;
  const word = payment.cancel_requested_at && !isFinal(payment) ? "cancel_requested" : payment.status;
  part(".badge").textContent = texts.statuses[word] ?? word;
  part(".what").textContent = payment.description || texts.noDescription;
  part("time").dateTime = payment.created_at;
  part("time").textContent = moment.format(new Date(payment.created_at));
  if (payment.status === "canceled" && payment.cancellation_reason) {
    part(".reason").textContent = texts.reasons[payment.cancellation_reason] ?? texts.reasons.other;
  }
  if (payableAt(payment)) {
    part(".proceed").href = payment.confirmation_url;
    part(".proceed").hidden = false;
  }
  return item;
}

export const isFinal = (payment) => FINAL.has(payment.status);

/** The checkout's address, if it is one: only a web address may be opened, never a script. */
export function payableAt(payment) {
  return /^https?:\/\//.test(payment.confirmation_url ?? "") ? payment.confirmation_url : null;
}
