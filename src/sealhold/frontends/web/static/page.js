// What script adds to a page that works without it.
"use strict";

// Narrower terms: a choice works them out at once, as the button beside them does.
const narrow = document.getElementById("narrow");
if (narrow) {
  narrow.querySelector("button").hidden = true;
  narrow.addEventListener("change", () => narrow.requestSubmit());
  // The terms stay in view after the page has been worked out anew.
  const key = "sealhold-scroll";
  narrow.addEventListener("submit", () => sessionStorage.setItem(key, String(scrollY)));
  const kept = sessionStorage.getItem(key);
  if (kept !== null && location.search) scrollTo(0, Number(kept));
  sessionStorage.removeItem(key);
}

// Files: dropping them on the form is choosing them.
for (const form of document.querySelectorAll("form[data-drop]")) {
  const input = form.querySelector("input[type=file]");
  const over = (on) => (event) => {
    event.preventDefault();
    form.classList.toggle("over", on);
  };
  form.addEventListener("dragover", over(true));
  form.addEventListener("dragleave", over(false));
  form.addEventListener("drop", (event) => {
    over(false)(event);
    input.files = event.dataTransfer.files;
  });
}

// Printing: the button exists only where script can press the printer's.
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// A reading that goes on: what it has looked at so far is told anew, for ten minutes at most. The
// page is loaded again once it is over, unless somebody is writing on it.
const LOOKS = 300, EVERY = 2000; // milliseconds
async function lookAgain(left) {
  const live = [...document.querySelectorAll("[data-live]")];
  if (!live.length || !left) return;
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const now = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of live) {
    const told = now.getElementById(old.id);
    if (told && told.matches("[data-live]")) old.replaceChildren(...told.childNodes);
    else if (!document.activeElement.matches("input, select, textarea")) return location.reload();
    else old.removeAttribute("data-live");
  }
  setTimeout(lookAgain, EVERY, left - 1);
}
if (document.querySelector("[data-live]")) setTimeout(lookAgain, EVERY, LOOKS);
