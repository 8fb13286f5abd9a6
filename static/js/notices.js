// A part of a page that could not be fetched is said at the top of the page; what stands below stays as it was.
const place = document.getElementById("messages");

function say(words) {
  const note = document.createElement("p");
  note.className = "note bad";
  note.textContent = words;
  place.replaceChildren(note);
  place.scrollIntoView({ block: "nearest" });
}

if (place) {
  document.addEventListener("htmx:responseError", () => say(place.dataset.failed));
  document.addEventListener("htmx:sendError", () => say(place.dataset.offline));
  document.addEventListener("htmx:timeout", () => say(place.dataset.offline));
}
