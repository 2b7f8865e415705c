"use strict";
(() => {
// docs/spec/53-link-shares.md. Texts from outside go to textContent alone; nothing is stored.
const ROUNDS = 600000, STEP = 1048576, MOST_SHOWN = 16 * STEP, MOST_TEXT = 262144;
const utf8 = new TextEncoder();
const at = (id) => document.getElementById(id);
const WHY = {
  cut: "This link is not whole. Ask for it again, or copy all of it.",
  insecure: "This browser opens nothing over a connection that is not secure.",
  refused: "Nothing opens: the link is not there any more, it was altered, or the passphrase is wrong.",
  closed: "This link is closed: there were too many wrong tries. Ask for another one.",
  expired: "This link has ended: its time is over.",
  revoked: "This link has ended: whoever shared it took it back.",
  used: "This link has ended: it was opened as often as it might be.",
  filling: "This link is not ready yet. Try again in a moment.",
  fast: "There were several tries just now. Wait a few seconds, then try again.",
  changed: "What came is not what was sealed: it was changed on the way. Nothing of it is shown.",
  away: "There is no answer. Look at the connection, then try again.",
};

class Trouble extends Error {
  constructor(why) { super(why); this.why = why; }
}

const unhex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
const u32 = (number) => new Uint8Array([number >>> 24, number >>> 16, number >>> 8, number]);
const concat = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let from = 0;
  for (const part of parts) { whole.set(part, from); from += part.length; }
  return whole;
};
const framed = (...parts) => concat(...parts.flatMap((part) => [new Uint8Array(4), u32(part.length), part]));

async function derive(key, tag, id) {
  const from = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const info = framed(utf8.encode(tag), id);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info };
  return new Uint8Array(await crypto.subtle.deriveBits(how, from, 256));
}

async function keysOf(link, passphrase) {
  let master = link.key;
  if (link.asks) {
    const salt = await derive(link.key, "sealhold/link-salt/v1", link.id);
    const typed = utf8.encode(passphrase.normalize("NFKC"));
    const from = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveBits"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
    master = concat(link.key, new Uint8Array(await crypto.subtle.deriveBits(how, from, 256)));
  }
  const content = await derive(master, "sealhold/link-content/v1", link.id);
  return {
    content: await crypto.subtle.importKey("raw", content, "AES-GCM", false, ["decrypt"]),
    proof: await derive(master, "sealhold/link-proof/v1", link.id),
  };
}

function linkAt(place) {
  const path = /^\/s\/([0-9a-f]{32})$/.exec(place.pathname);
  const key = /^#([ap])([A-Za-z0-9_-]{43})$/.exec(place.hash);
  if (!path || !key) throw new Trouble("cut");
  const raw = atob(key[2].replace(/-/g, "+").replace(/_/g, "/") + "=");
  return { name: path[1], id: unhex(path[1]), asks: key[1] === "p", key: Uint8Array.from(raw, (one) => one.charCodeAt(0)) };
}

async function asked(path, options) {
  let answer;
  const quiet = { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", redirect: "error" };
  try {
    answer = await fetch(path, { ...quiet, ...options });
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    if (answer.status === 410) {
      const why = await answer.text();
      throw new Trouble(Object.hasOwn(WHY, why) ? why : "refused");
    }
  } catch (fault) {
    throw fault instanceof Trouble ? fault : new Trouble("away");
  }
  throw new Trouble({ 403: "refused", 404: "refused", 429: "fast" }[answer.status] ?? "away");
}

async function opened(link, passphrase) {
  const keys = await keysOf(link, passphrase);
  const told = new TextDecoder().decode(await asked(`/v1/s/${link.name}/open`, { method: "POST", body: keys.proof }));
  const found = /^([0-9a-f]{32}) ([0-9]{1,4})$/.exec(told);
  if (!found || Number(found[2]) < 2) throw new Trouble("changed");
  return { link, key: keys.content, ticket: found[1], count: Number(found[2]) };
}

async function piece(open, number) {
  const sealed = await asked(`/v1/s/${open.link.name}/${number}`, { headers: { Authorization: `Bearer ${open.ticket}` } });
  const iv = concat(new Uint8Array(8), u32(number));
  const additionalData = framed(utf8.encode("sealhold/link-piece/v1"), open.link.id, u32(number), u32(open.count));
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, open.key, sealed));
  } catch {
    throw new Trouble("changed");
  }
}

function headIn(bytes, count) {
  let head;
  try {
    head = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Trouble("changed");
  }
  const fields = Object.keys(head).sort().join();
  const right = fields === "from,label,name,size,until,v" && head.v === 1
    && [head.name, head.from, head.label].every((each) => typeof each === "string")
    && [head.size, head.until].every(Number.isSafeInteger) && head.size >= 0
    && Math.max(1, Math.ceil(head.size / STEP)) === count - 1;
  if (!right) throw new Trouble("changed");
  return head;
}

async function wholeOf(open, head) {
  const parts = [], bar = at("progress");
  bar.hidden = false;
  let left = head.size;
  for (let number = 1; number < open.count; number += 1) {
    const plain = await piece(open, number);
    if (plain.length < Math.min(left, STEP)) throw new Trouble("changed");
    parts.push(new Blob([plain.subarray(0, Math.min(left, plain.length))]));
    left -= Math.min(left, plain.length);
    bar.value = number / (open.count - 1);
  }
  bar.hidden = true;
  return new Blob(parts, { type: "application/octet-stream" });
}

// What a file is comes from how it begins, never from its name.
function pictureType(bytes) {
  const begins = (text, from = 0) => [...text].every((one, place) => bytes[from + place] === one.charCodeAt(0));
  if (begins("\x89PNG\r\n\x1a\n")) return "image/png";
  if (begins("\xff\xd8\xff")) return "image/jpeg";
  if (begins("GIF87a") || begins("GIF89a")) return "image/gif";
  if (begins("RIFF") && begins("WEBP", 8)) return "image/webp";
  return "";
}

async function preview(whole) {
  const place = at("preview"), first = new Uint8Array(await whole.slice(0, MOST_TEXT).arrayBuffer());
  const type = pictureType(first);
  if (type) {
    const picture = document.createElement("img");
    picture.alt = "The shared picture";
    picture.src = URL.createObjectURL(whole.slice(0, whole.size, type));
    await picture.decode().then(() => place.replaceChildren(picture), () => { place.hidden = true; });
    place.hidden = !place.firstChild;
    return;
  }
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(first, { stream: whole.size > first.length });
  } catch {
    return;
  }
  if (!text || text.includes("\0")) return;
  const lines = document.createElement("pre");
  lines.tabIndex = 0;
  lines.textContent = visible(text) + (whole.size > first.length ? "\n…" : "");
  place.replaceChildren(lines);
  place.hidden = false;
}

// Characters that hide, command or turn writing around are shown for what they are.
const visible = (text) => text.replace(
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g,
  (one) => one === "\r" ? "" : `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
);
const fileName = (text) => visible(text).replace(/[\\/:*?"<>|\n\t]/g, "_").replace(/^\.+/, "_").slice(0, 200) || "shared";

function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ["kB", "MB", "GB"];
  let value = bytes / 1000, unit = 0;
  while (value >= 1000 && unit < 2) { value /= 1000; unit += 1; }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

function tell(why, calm = false) {
  at("told").hidden = !why;
  at("told").classList.toggle("calm", calm);
  at("told").textContent = calm ? why : WHY[why] ?? "";
}

const whyOf = (fault) => fault instanceof Trouble ? fault.why : "changed";

async function show(open, head) {
  at("form").hidden = at("lead").hidden = true;
  at("title").textContent = visible(head.name);
  at("label").textContent = visible(head.label);
  at("from").textContent = visible(head.from) || "not said";
  at("size").textContent = sizeOf(head.size);
  at("until").textContent = new Date(head.until).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
  at("shown").hidden = false;
  let whole = null;
  const got = async () => { whole ??= await wholeOf(open, head); return whole; };
  const guarded = async (work) => {
    at("save").disabled = true;
    tell("");
    try {
      await work();
    } catch (fault) {
      at("progress").hidden = true;
      tell(whyOf(fault));
    }
    at("save").disabled = false;
  };
  at("save").addEventListener("click", () => guarded(async () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await got());
    link.download = fileName(head.name);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }));
  if (head.size <= MOST_SHOWN) await guarded(async () => preview(await got()));
}

function begin() {
  let link;
  try {
    if (!globalThis.crypto?.subtle) throw new Trouble("insecure");
    link = linkAt(location);
  } catch (fault) {
    tell(whyOf(fault));
    return;
  }
  at("form").hidden = false;
  at("asked").hidden = !link.asks;
  at("passphrase").required = link.asks;
  at("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    at("open").disabled = true;
    tell("Opening …", true);
    try {
      const open = await opened(link, at("passphrase").value);
      const head = headIn(await piece(open, 0), open.count);
      tell("");
      await show(open, head);
    } catch (fault) {
      tell(whyOf(fault));
    }
    at("open").disabled = false;
  });
}

addEventListener("hashchange", () => location.reload());
begin();
})();
