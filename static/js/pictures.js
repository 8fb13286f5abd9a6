// input[type=file][data-longest-side]: pictures are made smaller before they are sent, as the server would.
for (const input of document.querySelectorAll("[data-longest-side]")) {
  input.addEventListener("change", async () => {
    const most = Number(input.dataset.longestSide);
    const smaller = new DataTransfer();
    for (const file of input.files) smaller.items.add(await shrunk(file, most));
    input.files = smaller.files;
  });
}

async function shrunk(file, most) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const part = Math.min(1, most / Math.max(picture.width, picture.height));
    if (part === 1 && file.size < 1e6) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * part);
    canvas.height = Math.round(picture.height * part);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
  } catch {
    // No picture that the browser can read: the server says so.
    return file;
  }
}
