// A click works without this (popovers are HTML); here details also come while the mouse rests on a cell, beside it.
let resting = null;
let pinned = null;

function place(button, card) {
  const cell = button.getBoundingClientRect();
  card.classList.add("placed");
  const { offsetHeight: height, offsetWidth: width } = card;
  const below = cell.bottom + 6 + height < innerHeight || cell.top - 6 < height;
  const top = below ? Math.min(cell.bottom + 6, innerHeight - height - 8) : cell.top - 6 - height;
  card.style.top = `${Math.max(8, top)}px`;
  card.style.left = `${Math.min(Math.max(8, cell.left), innerWidth - width - 8)}px`;
}

for (const button of document.querySelectorAll("button[popovertarget]")) {
  const card = document.getElementById(button.getAttribute("popovertarget"));
  card.addEventListener("toggle", (event) => {
    if (event.newState === "open") place(button, card);
    else if (pinned === card) pinned = null;
  });
  button.addEventListener("click", (event) => {
    event.preventDefault();
    clearTimeout(resting);
    pinned = pinned === card ? null : card;
    card.togglePopover(pinned === card);
  });
  button.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "mouse" && !pinned) resting = setTimeout(() => card.togglePopover(true), 180);
  });
  button.addEventListener("pointerleave", () => {
    clearTimeout(resting);
    if (pinned !== card) card.togglePopover(false);
  });
}
