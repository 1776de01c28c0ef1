// A click works without this (popovers are HTML); here details also come while the mouse rests on a cell, beside it.
let resting = null;

function place(button, card) {
  const cell = button.getBoundingClientRect();
  card.classList.add("placed");
  const below = cell.bottom + 6 + card.offsetHeight < innerHeight || cell.top - 6 < card.offsetHeight;
  card.style.top = `${Math.max(8, below ? Math.min(cell.bottom + 6, innerHeight - card.offsetHeight - 8) : cell.top - 6 - card.offsetHeight)}px`;
  card.style.left = `${Math.min(Math.max(8, cell.left), innerWidth - card.offsetWidth - 8)}px`;
}

for (const button of document.querySelectorAll("button[popovertarget]")) {
  const card = document.getElementById(button.getAttribute("popovertarget"));
  let pinned = false;
  card.addEventListener("toggle", (event) => {
    if (event.newState === "open") place(button, card);
    else pinned = false;
  });
  button.addEventListener("click", (event) => {
    event.preventDefault();
    pinned = !pinned;
    if (pinned) card.showPopover();
    else card.hidePopover();
  });
  button.addEventListener("pointerenter", (event) => {
    if (event.pointerType !== "mouse") return;
    resting = setTimeout(() => !card.matches(":popover-open") && card.showPopover(), 180);
  });
  button.addEventListener("pointerleave", () => {
    clearTimeout(resting);
    if (!pinned && card.matches(":popover-open")) card.hidePopover();
  });
}
