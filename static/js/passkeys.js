// allauth's WebAuthn script reports failure as an event; say it in the page. Buttons that need a passkey are
// hidden by [data-needs-passkeys] until this browser is known to have them.
for (const element of document.querySelectorAll("[data-needs-passkeys]")) {
  element.hidden = !window.PublicKeyCredential;
}

document.addEventListener("allauth.error", (event) => {
  const place = document.querySelector("[data-passkey-error]");
  if (!place) return;
  event.preventDefault();
  const stopped = event.detail?.exception?.name === "NotAllowedError";
  place.textContent = stopped ? place.dataset.stopped : place.dataset.passkeyError;
  place.hidden = false;
  // The same form may be tried again.
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Enter in the key's name means its button: only that asks the browser for a passkey.
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button#mfa_webauthn_add");
  if (!button) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  button.click();
}, true);
