// Recomputes the root of the log in this browser, from the leaf hash of each entry (RFC 6962).
"use strict";

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hexOf = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

async function node(left, right) {
  const both = new Uint8Array(65);
  both[0] = 1;
  both.set(left, 1);
  both.set(right, 33);
  return sha256(both);
}

// Level by level: an odd one at the end moves up unchanged, which gives the tree of the RFC.
async function rootOf(leaves) {
  if (leaves.length === 0) return sha256(new Uint8Array());
  let level = leaves;
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at + 1 < level.length; at += 2) above.push(node(level[at], level[at + 1]));
    const odd = level.length % 2 ? [level[level.length - 1]] : [];
    level = [...(await Promise.all(above)), ...odd];
  }
  return level[0];
}

async function check(chain) {
  const say = chain.querySelector("[data-browser]");
  say.textContent = chain.dataset.sayWorking;
  const answer = await fetch(chain.dataset.leaves, { headers: { accept: "text/plain" } });
  const leaves = (await answer.text()).split("\n").filter(Boolean);
  const root = hexOf(await rootOf(leaves.map(bytesOf)));
  const rows = [...document.querySelectorAll("tr[data-leaf]")];
  const fits = rows.every((row) => leaves[Number(row.dataset.seq)] === row.dataset.leaf);
  const same = fits && root === chain.dataset.root && leaves.length === Number(chain.dataset.size);
  chain.classList.remove("ok", "bad");
  chain.classList.add(same ? "ok" : "bad");
  chain.dataset.browser = same ? "same" : "other";
  say.textContent = same ? chain.dataset.saySame : chain.dataset.sayOther;
}

const chain = document.getElementById("chain");
if (chain && chain.dataset.verified === "yes") check(chain);
