// Uploads what is dropped, pasted or chosen, one after another, and shows the address of each.
"use strict";
const drop = document.getElementById("drop");
const files = document.getElementById("files");
const list = document.getElementById("uploads");
const most = Number(drop.dataset.most);
let queue = Promise.resolve();

function take(given) {
  for (const file of given) {
    const line = added(file);
    queue = queue.then(() => send(file, line));
  }
}

function added(file) {
  const line = document.createElement("li");
  const picture = document.createElement("span");
  picture.className = "thumb";
  const name = document.createElement("bdi");
  name.className = "name";
  name.textContent = file.name || "pasted";
  const told = document.createElement("p");
  told.className = "quiet";
  told.textContent = "waits";
  line.append(picture, name, told);
  list.prepend(line);
  return { picture, told, line };
}

async function send(file, { picture, told, line }) {
  if (file.size > most) return failed(line, told, `It has more than ${Math.floor(most / 1048576)} MiB.`);
  told.textContent = "is being uploaded …";
  try {
    const answer = await fetch("/uploads", {
      method: "POST",
      body: file,
      headers: { "X-Florist-Review": "1", "Content-Type": "application/octet-stream" },
    });
    const found = await answer.json().catch(() => ({ problem: `The server answered ${answer.status}.` }));
    if (!answer.ok) return failed(line, told, found.problem);
    show(found, picture, told);
  } catch {
    failed(line, told, "The server does not answer; try it again.");
  }
}

function show(found, picture, told) {
  if (/\.(png|jpg|webp|gif|avif)$/.test(found.address)) {
    const image = document.createElement("img");
    image.src = new URL(found.url).pathname;
    image.alt = "";
    picture.append(image);
  }
  const address = document.createElement("code");
  address.className = "address";
  address.textContent = found.address;
  const copy = document.createElement("button");
  copy.type = "button";
  copy.textContent = "Copy";
  copy.addEventListener("click", () => copied(address, copy));
  told.className = "told";
  told.replaceChildren(address, copy);
}

async function copied(address, button) {
  try {
    await navigator.clipboard.writeText(address.textContent);
    button.textContent = "Copied";
  } catch {
    // Where the clipboard is closed to pages, such as on plain http, the address is selected instead.
    getSelection().selectAllChildren(address);
    button.textContent = "Selected";
  }
}

function failed(line, told, problem) {
  line.classList.add("is-bad");
  told.textContent = problem;
}

files.addEventListener("change", () => {
  take(files.files);
  files.value = "";
});
for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("is-over");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("is-over");
  take(event.dataTransfer.files);
});
addEventListener("paste", (event) => take(event.clipboardData.files));
