"""Finding and downloading: against a server on this machine, with everything that can go wrong on the way."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import os
import socketserver
import stat
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import pyarrow
import pyarrow.parquet
import pytest
import torchvision

from crossmodal_edu.datasets import folders
from crossmodal_edu.datasets.folders import cache_folder, content_hash, data_folder, download, find, shipped
from crossmodal_edu.datasets.sources import FASHION_COLUMNS, SOURCES
from crossmodal_edu.errors import CrossmodalError, DataMissingError, StorageError

RECORDINGS = {"0_ann_0.wav": b"zero", "1_ann_0.wav": b"one" * 1000, "ünï.wav": b""}


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An empty $CROSSMODAL_EDU_DATA and an empty cache."""
    own, cache = tmp_path / "own", tmp_path / "cache"
    own.mkdir()
    monkeypatch.setenv("CROSSMODAL_EDU_DATA", str(own))
    monkeypatch.setattr(folders.platformdirs, "user_cache_path", lambda *_, **__: cache)
    return own, cache


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address at which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    with _serving(functools.partial(_Quiet, directory=str(folder))) as address:
        yield folder, address


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class _serving:
    """Serve on a free port of 127.0.0.1 while the block runs."""

    def __init__(self, handler):
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False

    def __enter__(self) -> str:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def _archive(extra: dict[str, bytes] | None = None) -> bytes:
    """An archive in the layout of a repository's, as GitHub gives it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("digits-26eb9aa/README.md", "not kept")
        opened.writestr("digits-26eb9aa/LICENSE", "CC BY-SA 4.0")
        opened.writestr("digits-26eb9aa/other/recordings/no.wav", "not kept")
        for name, content in (RECORDINGS | (extra or {})).items():
            opened.writestr(f"digits-26eb9aa/recordings/{name}", content)
    return buffer.getvalue()


@pytest.fixture
def sources(tmp_path: Path, served: tuple[Path, str]) -> dict:
    """The table with one data set, served from here, and the hash of what it should hold."""
    right = tmp_path / "right" / "recordings"
    right.mkdir(parents=True)
    for name, content in RECORDINGS.items():
        (right / name).write_bytes(content)
    folder, address = served
    (folder / "digits.zip").write_bytes(_archive())
    digits = replace(
        SOURCES["spoken_digits"], address=f"{address}/digits.zip", sha256=content_hash(right), size=10_000
    )
    return {"spoken_digits": digits}


def _nothing_left(cache: Path) -> bool:
    return not [path for path in cache.rglob("*") if path.is_file()] and not list(cache.glob("datasets/*"))


# --- finding -----------------------------------------------------------------------------------------


def test_find_prefers_the_folder_that_the_reader_named(places):
    own, cache = places
    for place in (cache / "datasets", own):
        (place / "fashion").mkdir(parents=True)
        (place / "fashion" / "a.parquet").touch()
        assert find("fashion") == place / "fashion"


def test_find_passes_over_a_folder_without_the_data(places):
    own, cache = places
    (own / "fashion").mkdir()
    (cache / "datasets" / "fashion").mkdir(parents=True)
    (cache / "datasets" / "fashion" / "a.parquet").touch()
    assert find("fashion") == cache / "datasets" / "fashion"


def test_a_missing_data_set_is_reported_with_both_places_and_the_command(places):
    own, cache = places
    with pytest.raises(DataMissingError) as caught:
        find("grocery")
    message = str(caught.value)
    assert str(own / "grocery") in message
    assert str(cache / "datasets" / "grocery") in message
    assert "crossmodal download grocery" in message
    assert "MIT" in message


def test_a_folder_of_ones_own_is_found_and_an_unknown_name_is_not(places):
    own, _ = places
    (own / "corpora").mkdir()
    assert find("corpora") == own / "corpora"
    with pytest.raises(DataMissingError, match="one of fashion, fashion_mnist, grocery, spoken_digits"):
        find("groceries")


def test_the_cache_is_searched_when_no_folder_is_named(places, monkeypatch):
    monkeypatch.delenv("CROSSMODAL_EDU_DATA")
    with pytest.raises(DataMissingError, match="CROSSMODAL_EDU_DATA is not set"):
        find("fashion")


def test_what_ships_is_found_in_the_checkout_and_elsewhere_is_refused(root):
    assert data_folder() == root / "data"
    with pytest.raises(DataMissingError, match="does not come with this copy"):
        shipped("none-such")


def test_an_installed_package_prefers_its_own_data_and_misses_it_clearly(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "crossmodal_edu"
    (package / "data" / "shop").mkdir(parents=True)
    (tmp_path / "site-packages" / "data").mkdir()  # another package's: not ours
    monkeypatch.setattr(folders, "_PACKAGE", package)
    assert shipped("shop") == package / "data" / "shop"
    monkeypatch.setattr(folders, "_PACKAGE", tmp_path / "site-packages" / "elsewhere")
    with pytest.raises(DataMissingError, match="installed without its data"):
        data_folder()


def test_looking_creates_nothing(places):
    _, cache = places
    assert cache_folder("datasets", "grocery") == cache / "datasets" / "grocery"
    assert not cache.exists()


# --- content -----------------------------------------------------------------------------------------


def test_the_hash_is_that_of_sorted_lines_of_hash_and_path(tmp_path):
    folder = tmp_path / "recordings"
    (folder / "b").mkdir(parents=True)
    (folder / "a.wav").write_bytes(b"")
    (folder / "b" / "c.wav").write_bytes(b"abc")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    lines = f"{empty}  recordings/a.wav\n{abc}  recordings/b/c.wav\n"
    assert content_hash(folder) == hashlib.sha256(lines.encode()).hexdigest()


def test_the_real_recordings_have_the_hash_that_is_asked_for(data_set):
    assert content_hash(data_set("spoken_digits") / "recordings") == SOURCES["spoken_digits"].sha256


# --- downloading -------------------------------------------------------------------------------------


def test_a_download_keeps_the_named_folder_and_the_licence(places, sources):
    _, cache = places
    folder = download("spoken_digits", progress=False, sources=sources)
    assert folder == cache / "datasets" / "spoken_digits" == find("spoken_digits")
    kept = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert kept == ["LICENSE", *sorted(f"recordings/{name}" for name in RECORDINGS)]
    assert [path.name for path in folder.parent.iterdir()] == ["spoken_digits"]


def test_a_second_download_asks_the_network_for_nothing(places, sources, served):
    first = download("spoken_digits", progress=False, sources=sources)
    (served[0] / "digits.zip").unlink()
    assert download("spoken_digits", progress=False, sources=sources) == first


def test_what_the_reader_already_has_is_not_downloaded(places, sources, served):
    own, cache = places
    (own / "spoken_digits" / "recordings").mkdir(parents=True)
    (own / "spoken_digits" / "recordings" / "0_ann_0.wav").touch()
    assert download("spoken_digits", progress=False, sources=sources) == own / "spoken_digits"
    assert not cache.exists()


def test_another_origin_replaces_the_copy(places, sources, served, tmp_path):
    folder = download("spoken_digits", progress=False, sources=sources)
    (folder / "recordings" / "0_ann_0.wav").write_bytes(b"spoilt")
    archive = tmp_path / "from-a-stick.zip"
    archive.write_bytes(_archive())
    assert download("spoken_digits", progress=False, sources=sources, source=archive) == folder
    assert content_hash(folder / "recordings") == sources["spoken_digits"].sha256


def test_a_chosen_folder_is_used(places, sources, tmp_path):
    assert download("spoken_digits", progress=False, sources=sources, folder=tmp_path / "class") == (
        tmp_path / "class" / "spoken_digits"
    )
    assert not places[1].exists()


def test_progress_is_shown_on_stderr(places, sources, capsys):
    download("spoken_digits", progress=True, sources=sources)
    out, err = capsys.readouterr()
    assert out == ""
    assert "spoken_digits" in err


@pytest.mark.parametrize("keep", [0, 100, 0.5, -10])
def test_a_truncated_archive_leaves_nothing(places, sources, served, keep):
    whole = _archive()
    (served[0] / "digits.zip").write_bytes(whole[: int(keep * len(whole)) if keep == 0.5 else keep])
    with pytest.raises(StorageError, match="cut short or damaged"):
        download("spoken_digits", progress=False, sources=sources)
    assert _nothing_left(places[1])


def test_a_damaged_member_leaves_nothing(places, sources, served):
    whole = bytearray(_archive())
    whole[whole.index(b"oneone") + 1] ^= 255
    (served[0] / "digits.zip").write_bytes(bytes(whole))
    with pytest.raises(StorageError, match="cut short or damaged"):
        download("spoken_digits", progress=False, sources=sources)
    assert _nothing_left(places[1])


def test_a_connection_that_closes_early_leaves_nothing(places, sources):
    class Short(_Quiet):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(_archive()[:500])

    with _serving(Short) as address, pytest.raises(CrossmodalError, match="spoken_digits"):
        entry = replace(sources["spoken_digits"], address=address)
        download("spoken_digits", progress=False, sources={"spoken_digits": entry})
    assert _nothing_left(places[1])


def test_other_content_is_refused(places, sources, served):
    (served[0] / "digits.zip").write_bytes(_archive({"0_ann_0.wav": b"eight"}))
    with pytest.raises(StorageError, match="other content than it should"):
        download("spoken_digits", progress=False, sources=sources)
    assert _nothing_left(places[1])


@pytest.mark.parametrize(
    "name",
    ["../../evil.wav", "/evil.wav", "digits/recordings/../../../evil.wav", "digits\\..\\evil.wav", "C:/e"],
)
def test_a_member_outside_the_folder_is_refused(places, sources, served, tmp_path, name):
    buffer = io.BytesIO(_archive())
    with zipfile.ZipFile(buffer, "a") as opened:
        opened.writestr(name, "evil")
    (served[0] / "digits.zip").write_bytes(buffer.getvalue())
    with pytest.raises(StorageError, match="outside its folder"):
        download("spoken_digits", progress=False, sources=sources)
    assert _nothing_left(places[1])
    assert not list(tmp_path.rglob("evil*"))


def test_a_link_in_the_archive_is_refused(places, sources, served):
    buffer = io.BytesIO(_archive())
    link = zipfile.ZipInfo("digits/recordings/link.wav")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(buffer, "a") as opened:
        opened.writestr(link, "/etc/hostname")
    (served[0] / "digits.zip").write_bytes(buffer.getvalue())
    with pytest.raises(StorageError, match="outside its folder"):
        download("spoken_digits", progress=False, sources=sources)


def test_an_archive_that_swells_is_refused_before_it_is_unpacked(places, sources, served):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("digits/recordings/big.wav", bytes(2_000_000))
    (served[0] / "digits.zip").write_bytes(buffer.getvalue())
    with pytest.raises(StorageError, match="far more than the data set holds"):
        download("spoken_digits", progress=False, sources=sources)


def test_an_address_that_is_gone_is_named(places, sources, served):
    (served[0] / "digits.zip").unlink()
    with pytest.raises(DataMissingError, match="404"):
        download("spoken_digits", progress=False, sources=sources)
    assert _nothing_left(places[1])


def test_no_connection_says_what_to_do(places, sources):
    entry = replace(sources["spoken_digits"], address="http://127.0.0.1:9/digits.zip")
    with pytest.raises(DataMissingError) as caught:
        download("spoken_digits", progress=False, sources={"spoken_digits": entry})
    assert "no connection" in caught.value.problem
    assert "CROSSMODAL_EDU_DATA" in caught.value.remedy
    assert _nothing_left(places[1])


def test_a_folder_that_cannot_be_written_is_named(places, sources, tmp_path):
    (tmp_path / "a-file").touch()
    with pytest.raises(StorageError, match="Cannot write to"):
        download("spoken_digits", progress=False, sources=sources, folder=tmp_path / "a-file" / "below")


def test_a_kill_in_the_middle_leaves_no_data_set_and_the_next_download_works(sources, tmp_path):
    started = threading.Event()

    class Slow(_Quiet):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(_archive() + bytes(1_000_000))
            self.wfile.flush()
            started.set()
            time.sleep(20)

    entry = sources["spoken_digits"]
    keep_in = tmp_path / "class"
    with _serving(Slow) as address:
        program = f"""
            from crossmodal_edu.datasets.folders import download
            address = {address + "/slow.zip"!r}
            download("spoken_digits", progress=False, folder={str(keep_in)!r}, source=address)
        """
        killed = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
        try:
            assert started.wait(60)
            _wait_for(lambda: any(path.stat().st_size for path in keep_in.rglob("archive.zip")))
        finally:
            killed.kill()
            killed.wait()
    assert not (keep_in / "spoken_digits").exists()
    (leftover,) = keep_in.iterdir()
    os.utime(leftover, (0, 0))
    download("spoken_digits", progress=False, folder=keep_in, sources={"spoken_digits": entry})
    assert [path.name for path in keep_in.iterdir()] == ["spoken_digits"]


def _wait_for(condition, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_unknown_name_lists_the_known_ones(places):
    with pytest.raises(DataMissingError, match="fashion, fashion_mnist, grocery, spoken_digits, or all"):
        download("shop")


def test_all_goes_on_after_a_failure_and_keeps_what_arrived(places, sources):
    broken = replace(sources["spoken_digits"], name="grocery", address="http://127.0.0.1:9/x.zip")
    with pytest.raises(DataMissingError, match="1 of 2 data sets") as caught:
        download("all", progress=False, sources={"grocery": broken, **sources})
    assert "grocery" in caught.value.problem
    assert find("spoken_digits").is_dir()
    assert download("all", progress=False, sources=sources) == places[1] / "datasets"


# --- fashion -----------------------------------------------------------------------------------------


def _write_products(path: Path, columns: tuple[str, ...] = FASHION_COLUMNS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table({column: ["x"] for column in columns}), path)


def test_fashion_from_a_folder_of_ones_own(places, tmp_path):
    _write_products(tmp_path / "mine" / "data" / "train-0.parquet")
    folder = download("fashion", progress=False, source=tmp_path / "mine")
    assert [path.name for path in folder.iterdir()] == ["train-0.parquet"]
    assert find("fashion") == folder


def test_fashion_without_the_columns_is_refused(places, tmp_path):
    _write_products(tmp_path / "mine.parquet", columns=("id", "image"))
    with pytest.raises(StorageError, match="lacks the columns masterCategory"):
        download("fashion", progress=False, source=tmp_path / "mine.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(StorageError, match="no readable Parquet file"):
        download("fashion", progress=False, source=tmp_path / "text.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StorageError, match="holds no Parquet file"):
        download("fashion", progress=False, source=tmp_path / "empty")
    assert _nothing_left(places[1])


def test_fashion_from_the_hub_keeps_the_parquet_files(places, monkeypatch):
    asked = {}

    def snapshot(name, *, local_dir, **options):
        asked.update(options, name=name)
        _write_products(Path(local_dir) / "data" / "train-0.parquet")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    folder = download("fashion", progress=False)
    assert [path.name for path in folder.iterdir()] == ["train-0.parquet"]
    assert asked["name"] == "ashraq/fashion-product-images-small"
    assert asked["revision"] == SOURCES["fashion"].revision
    download("fashion", progress=False, source="some-one/other-fashion")
    assert asked["name"] == "some-one/other-fashion"
    assert asked["revision"] is None


def test_fashion_without_the_hub_says_what_to_do(places, monkeypatch):
    def offline(*_, **__):
        raise huggingface_hub.errors.LocalEntryNotFoundError("An error happened\nat length")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(DataMissingError, match="An error happened\\."):
        download("fashion", progress=False)
    assert _nothing_left(places[1])


def test_the_hubs_own_check_of_names_is_a_clear_error(places):
    with pytest.raises(DataMissingError, match="could not be downloaded"):
        download("fashion", progress=False, source="not a//name")


def test_the_real_fashion_files_have_the_columns(data_set):
    for path in data_set("fashion").glob("*.parquet"):
        assert set(FASHION_COLUMNS) <= set(pyarrow.parquet.read_schema(path).names)


# --- Fashion-MNIST -----------------------------------------------------------------------------------


def test_fashion_mnist_comes_from_torchvision(places, monkeypatch):
    def loader(root, train, download):
        (root / "FashionMNIST" / "raw").mkdir(parents=True)
        (root / "FashionMNIST" / "raw" / "train-images-idx3-ubyte").touch()

    monkeypatch.setattr(torchvision.datasets, "FashionMNIST", loader)
    assert download("fashion_mnist", progress=False) == find("fashion_mnist")


def test_fashion_mnist_without_a_connection_says_what_to_do(places, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DataMissingError, match="fashion_mnist"):
        download("fashion_mnist", progress=False)
    assert _nothing_left(places[1])
    with pytest.raises(DataMissingError, match="torchvision only"):
        download("fashion_mnist", progress=False, source="elsewhere")


def test_the_real_fashion_mnist_is_recognised(data_set):
    assert (data_set("fashion_mnist") / "FashionMNIST" / "raw").is_dir()
