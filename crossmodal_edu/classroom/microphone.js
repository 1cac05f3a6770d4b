// Called with {file, seconds, rate} by the cell that shows a Microphone (player.py).
function ({ file, seconds, rate }) {
  // Both JupyterLab and Jupyter Notebook put this into their pages; a website does not.
  const jupyter = document.getElementById("jupyter-config-data");
  if (!jupyter) return;
  const boxes = document.querySelectorAll(`.microphone[data-file="${file}"]:not([data-ready])`);
  for (const box of boxes) {
    box.dataset.ready = "yes";
    const status = box.querySelector("p");
    if (!navigator.mediaDevices) {
      status.textContent = "This browser gives a microphone to https:// and to localhost only.";
      continue;
    }
    status.textContent = `Press, and speak for ${seconds} seconds. The browser asks for permission first.`;
    const button = document.createElement("button");
    button.textContent = "● Record";
    box.prepend(button);
    button.onclick = async () => {
      button.disabled = true;
      try {
        status.textContent = "Waiting for permission …";
        const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
        status.textContent = "Listening …";
        const samples = await record(stream);
        const wav = encode(samples);
        show(box, wav);
        status.textContent = `Saved as ${await save(wav)}. Run the next cell.`;
      } catch (error) {
        status.textContent = `It did not work: ${error.message}`;
      }
      button.disabled = false;
    };
  }

  async function record(stream) {
    const recorder = new MediaRecorder(stream);
    const pieces = [];
    recorder.ondataavailable = (event) => pieces.push(event.data);
    const stopped = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    setTimeout(() => recorder.stop(), 1000 * seconds);
    await stopped;
    stream.getTracks().forEach((track) => track.stop());
    // Decoding in a context of this rate also resamples to it.
    const context = new OfflineAudioContext(1, 1, rate);
    const sound = await context.decodeAudioData(await new Blob(pieces).arrayBuffer());
    const mono = new Float32Array(sound.length);
    for (let channel = 0; channel < sound.numberOfChannels; channel++)
      sound.getChannelData(channel).forEach((x, i) => (mono[i] += x / sound.numberOfChannels));
    return mono;
  }

  function encode(samples) {
    const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
    const text = (at, letters) => [...letters].forEach((x, i) => view.setUint8(at + i, x.charCodeAt(0)));
    const long = (at, number) => view.setUint32(at, number, true);
    const short = (at, number) => view.setUint16(at, number, true);
    text(0, "RIFF"); long(4, 36 + 2 * samples.length); text(8, "WAVEfmt "); long(16, 16);
    short(20, 1); short(22, 1); long(24, rate); long(28, 2 * rate); short(32, 2); short(34, 16);
    text(36, "data"); long(40, 2 * samples.length);
    samples.forEach((x, i) => view.setInt16(44 + 2 * i, 32767 * Math.max(-1, Math.min(1, x)), true));
    return new Uint8Array(view.buffer);
  }

  function show(box, wav) {
    const address = URL.createObjectURL(new Blob([wav], { type: "audio/wav" }));
    box.querySelectorAll("audio, a").forEach((old) => old.remove());
    const player = Object.assign(document.createElement("audio"), { controls: true, src: address });
    player.setAttribute("aria-label", "your recording");
    const link = Object.assign(document.createElement("a"), { href: address, download: file });
    link.textContent = "download";
    box.append(player, " ", link);
  }

  async function save(wav) {
    const server = JSON.parse(jupyter.textContent).baseUrl;
    const path = (await folder(server)) + file;
    const letters = Array.from(wav, (x) => String.fromCharCode(x)).join("");
    const crumb = document.cookie.match(/(?:^|; )_xsrf=([^;]+)/);
    const answer = await fetch(`${server}api/contents/${path.split("/").map(encodeURIComponent).join("/")}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json", ...(crumb && { "X-XSRFToken": crumb[1] }) },
      body: JSON.stringify({ type: "file", format: "base64", content: btoa(letters) }),
    });
    if (!answer.ok) throw new Error(`the notebook server answered ${answer.status}; use the download`);
    return path;
  }

  async function folder(server) {
    // The server knows which notebooks are running, and the page's title names the one in front.
    const sessions = await (await fetch(`${server}api/sessions`)).json();
    const running = sessions.filter((session) => session.type === "notebook");
    const named = running.filter(({ name }) => document.title.includes(name.replace(/\.ipynb$/, "")));
    const here = named.length ? named[0] : running.length === 1 ? running[0] : { path: "" };
    return here.path.replace(/[^/]*$/, "");
  }
}
