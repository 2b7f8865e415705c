// Passkeys: the browser asks the device, and the answer goes into the form that asked.
"use strict";

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const listed = (list) => list.map((each) => ({ ...each, id: bytes(each.id) }));

async function answered(asked) {
  const common = { ...asked, challenge: bytes(asked.challenge) };
  if (asked.rp) {
    const made = await navigator.credentials.create({
      publicKey: {
        ...common,
        user: { ...asked.user, id: bytes(asked.user.id) },
        excludeCredentials: listed(asked.excludeCredentials),
      },
    });
    return [made, { attestationObject: text(made.response.attestationObject) }];
  }
  const shown = await navigator.credentials.get({
    publicKey: { ...common, allowCredentials: listed(asked.allowCredentials) },
  });
  const { authenticatorData, signature, userHandle } = shown.response;
  return [
    shown,
    {
      authenticatorData: text(authenticatorData),
      signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    },
  ];
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    try {
      const [found, response] = await answered(JSON.parse(form.dataset.passkey));
      form.elements.answer.value = JSON.stringify({
        id: found.id,
        rawId: text(found.rawId),
        type: found.type,
        response: { clientDataJSON: text(found.response.clientDataJSON), ...response },
      });
      form.submit();
    } catch {
      form.querySelector("[data-failed]").hidden = false;
    }
  });
}
