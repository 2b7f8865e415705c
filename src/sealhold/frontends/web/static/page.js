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
