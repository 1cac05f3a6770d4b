"""Players and the microphone: what they hold, what they refuse, and the microphone in a real browser."""

from __future__ import annotations

import base64
import io
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
import soundfile

from crossmodal_edu.audio.speech import say
from crossmodal_edu.classroom.player import Microphone, Player
from crossmodal_edu.errors import InputError
from crossmodal_edu.modality import open_audio

# --- players -----------------------------------------------------------------------------------------


def test_a_player_holds_the_sound_and_the_transcript():
    waveform = say("red boots", "kate")
    page = Player(waveform, 'a voice says <red> "boots"')._repr_html_()
    held = base64.b64decode(re.search(r"base64,([^\"]+)", page)[1])
    samples, rate = soundfile.read(io.BytesIO(held))
    assert rate == 16_000
    np.testing.assert_allclose(samples, waveform, atol=1 / 2**15)
    assert page.count("a voice says &lt;red&gt; &quot;boots&quot;") == 2  # shown, and read out
    assert "<red>" not in page


def test_the_rate_that_is_told_decides_how_long_it_plays():
    waveform = np.zeros(8_000, np.float32)
    assert repr(Player(waveform, "silence", 8_000)) == "sound, 1.00 s: silence"
    assert repr(Player(waveform, "silence", 16_000)) == "sound, 0.50 s: silence"


def test_too_loud_is_cut_off_and_does_not_wrap_around():
    samples, _ = soundfile.read(io.BytesIO(Player(np.array([2.0, -2.0], np.float32), "a click").wav))
    assert samples[0] > 0.99 and samples[1] < -0.99


@pytest.mark.parametrize(
    ("waveform", "transcript", "problem"),
    [
        (np.zeros(10, np.float32), "  ", "transcript"),
        (np.zeros(0, np.float32), "nothing", "empty"),
        (np.array([np.nan], np.float32), "noise", "not numbers"),
    ],
)
def test_what_cannot_be_played(waveform, transcript, problem):
    with pytest.raises(InputError, match=problem):
        Player(waveform, transcript)


# --- the microphone ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"file": "../x.wav"},
        {"file": 'a"b.wav'},
        {"file": "x.mp3"},
        {"seconds": 0.0},
        {"seconds": float("nan")},
    ],
)
def test_a_microphone_writes_one_plain_file_of_a_reasonable_length(wrong):
    with pytest.raises(InputError):
        Microphone(**wrong)


def test_a_microphone_says_what_it_is_in_a_terminal():
    assert repr(Microphone()) == "microphone, 3 s into my_voice.wav"


class _Jupyter(BaseHTTPRequestHandler):
    """As much of a notebook server as a microphone needs, and a web page."""

    received: list

    def log_message(self, *_arguments) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path == "/lab8/api/sessions":
            paths = ["01_pipeline.ipynb", "my notebooks/08_mfcc.ipynb"]
            answer = json.dumps([{"type": "notebook", "path": p, "name": p.split("/")[-1]} for p in paths])
        else:
            config = '<script id="jupyter-config-data" type="application/json">{"baseUrl": "/lab8/"}</script>'
            answer = "<!doctype html><title>08_mfcc.ipynb - JupyterLab</title>"
            answer += config if "/lab/" in self.path else ""
            answer += f"<main>{Microphone('my_voice.wav', seconds=1)._repr_html_()}</main>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Set-Cookie", "_xsrf=crumb; Path=/")
        self.end_headers()
        self.wfile.write(answer.encode())

    def do_PUT(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.received.append((self.path, self.headers.get("X-XSRFToken"), body))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def jupyter() -> Iterator[tuple[str, list]]:
    handler = type("Handler", (_Jupyter,), {"received": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler.received
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(browser, chromium, tmp_path) -> Iterator:
    """A page whose microphone hears a voice over and over."""
    soundfile.write(tmp_path / "voice.wav", say("red leather handbag", "anna"), 16_000)
    launched = browser.browser_type.launch(
        executable_path=chromium,
        args=[
            "--no-sandbox",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={tmp_path / 'voice.wav'}",
        ],
    )
    page = launched.new_page()
    page.mishaps = []
    page.on("pageerror", lambda error: page.mishaps.append(str(error)))
    yield page
    launched.close()


@pytest.mark.browser
def test_in_a_notebook_it_records_and_saves_a_wav_file_beside_it(page, jupyter, tmp_path):
    address, received = jupyter
    page.goto(f"{address}/lab8/lab/tree/elsewhere")  # the address names what the file browser shows
    page.get_by_role("button", name="Record").click()
    page.get_by_text("Saved as my notebooks/my_voice.wav").wait_for(timeout=15_000)
    (path, crumb, body), *more = received
    assert not more and not page.mishaps
    assert path == "/lab8/api/contents/my%20notebooks/my_voice.wav"
    assert crumb == "crumb"
    assert body["type"] == "file" and body["format"] == "base64"
    recording = tmp_path / "my_voice.wav"
    recording.write_bytes(base64.b64decode(body["content"]))
    assert soundfile.info(recording).samplerate == 16_000
    waveform = open_audio(recording)
    assert 0.7 < len(waveform) / 16_000 < 1.4
    assert np.abs(waveform).max() > 0.05, "silence was recorded"
    assert page.locator(".microphone audio").get_attribute("src").startswith("blob:")
    assert page.get_by_role("link", name="download").get_attribute("download") == "my_voice.wav"


@pytest.mark.browser
def test_on_a_web_page_a_sentence_stands_in_its_place(page, jupyter):
    address, received = jupyter
    page.goto(f"{address}/book/08_mfcc.html")
    assert page.get_by_text("when this notebook is running").is_visible()
    assert page.get_by_role("button").count() == 0
    assert not received and not page.mishaps


@pytest.mark.browser
def test_a_refused_permission_is_told_and_the_button_comes_back(page, jupyter):
    address, received = jupyter
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('Permission denied'))"
    )
    page.goto(f"{address}/lab8/lab/tree/elsewhere")
    page.get_by_role("button", name="Record").click()
    page.get_by_text("It did not work: Permission denied").wait_for(timeout=5_000)
    assert page.get_by_role("button", name="Record").is_enabled()
    assert not received
