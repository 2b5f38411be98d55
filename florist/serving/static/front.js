// Fills the cards of the first page, two at a time, from the top.
"use strict";
const left = [...document.querySelectorAll("[data-card]")];

async function fill(card) {
  const place = card.querySelector(".filled");
  try {
    const answer = await fetch(card.dataset.card);
    const text = await answer.text();
    if (answer.ok) place.innerHTML = text; // a template of the server's, every value in it escaped
    else place.replaceChildren(remark(text.trim() || `The server answered ${answer.status}.`));
  } catch {
    place.replaceChildren(remark("The server does not answer."));
  }
  place.removeAttribute("aria-busy");
}

function remark(words) {
  const line = document.createElement("p");
  line.className = "quiet";
  line.textContent = words;
  return line;
}

async function goOn() {
  for (let card = left.shift(); card; card = left.shift()) await fill(card);
}

goOn();
goOn();
