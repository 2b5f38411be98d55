// Fills the cards of the first page as they come into sight, two at a time.
"use strict";
const left = [];
let busy = 0;

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
  if (busy === 2) return;
  busy += 1;
  for (let card = left.shift(); card; card = left.shift()) await fill(card);
  busy -= 1;
}

const sight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      left.push(target);
      goOn();
    }
  },
  { rootMargin: "400px" },
);
for (const card of document.querySelectorAll("[data-card]")) sight.observe(card);
