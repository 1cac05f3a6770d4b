"""An index that is killed, written twice at once, on a full disk or damaged stays one of two states."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.errors import StorageError
from crossmodal_edu.products import Catalog, Product

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, limits and links are POSIX")

STATES = ("red", "blue")
SIZE = {"red": 6, "blue": 9}


def make_table(folder: Path, colour: str) -> Path:
    """A table of products whose titles and pictures tell which of the two states it is."""
    Image.new("RGB", (64, 64), colour).save(folder / f"{colour}.png")
    rows = [f"{i},{colour} bag number {i},{colour}.png" for i in range(SIZE[colour])]
    table = folder / f"{colour}.csv"
    table.write_text("id,title,image\n" + "\n".join(rows) + "\n")
    return table


def state_of(folder: Path) -> str:
    """Which of the two states an index is; it is wholly one of them."""
    engine = SearchEngine.load(folder)
    colour = engine.catalog[0].title.split()[0]
    assert [product.title for product in engine.catalog] == [
        f"{colour} bag number {i}" for i in range(SIZE[colour])
    ]
    assert len(engine.search("bag", k=20)) == SIZE[colour]
    return colour


WRITER = """
import sys
from pathlib import Path
from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.products import Catalog
engines = [SearchEngine.from_catalog(Catalog.from_table(table), "shop") for table in sys.argv[2:]]
print("ready", flush=True)
for turn in range(1_000_000):
    engines[turn % len(engines)].save(sys.argv[1])
    print("saved", flush=True)
"""


def start(root: Path, script: str, *arguments: object, **options) -> subprocess.Popen:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True, **options)


@pytest.fixture
def tables(tmp_path) -> list[Path]:
    return [make_table(tmp_path, colour) for colour in STATES]


def test_a_writer_killed_at_any_moment_leaves_one_of_the_two_states(tmp_path, tables, root, rounds):
    """One process imports and embeds; it is killed while it saves, again and again, by a fork of itself."""
    folder = tmp_path / "index"
    script = """
    import os, random, signal, sys, time
    from crossmodal_edu.engine import SearchEngine
    from crossmodal_edu.products import Catalog
    import torch
    torch.set_num_threads(1)
    folder, count, *tables = sys.argv[1:]
    engines = [SearchEngine.from_catalog(Catalog.from_table(table), "shop") for table in tables]
    engines[0].save(folder)  # the first time imports

    def saving(engine):
        child = os.fork()
        if not child:
            engine.save(folder)
            os._exit(0)
        return child

    begin = time.perf_counter()
    os.waitpid(saving(engines[1]), 0)
    whole = time.perf_counter() - begin
    clock = random.Random(0)
    for turn in range(int(count)):
        child = saving(engines[turn % 2])
        time.sleep(clock.uniform(0, 1.5 * whole))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        engine = SearchEngine.load(folder)
        names = {product.title.split()[0] for product in engine.catalog}
        assert len(names) == 1 and len(engine) == {"red": 6, "blue": 9}[names.pop()], names
        print(engine.catalog[0].title.split()[0])
    """
    count = rounds(100)
    process = start(root, script, folder, count, *tables)
    seen, _ = process.communicate(timeout=900)
    assert process.returncode == 0
    assert len(seen.split()) == count
    if count >= 50:  # some were killed before the pointer moved, some after
        assert set(seen.split()) == set(STATES)
    state_of(folder)
    unfinished = [path for path in folder.iterdir() if path.name.startswith(".unfinished")]
    SearchEngine.load(folder).save(folder)
    assert not [path for path in unfinished if path.exists()]


@pytest.mark.stress
def test_the_command_killed_at_any_moment_leaves_one_of_the_two_states(tmp_path, tables, root, rounds):
    folder = tmp_path / "index"
    command = [sys.executable, "-m", "crossmodal_edu.cli", "index", "--out", str(folder)]
    begin = time.perf_counter()
    subprocess.run([*command, str(tables[0])], cwd=root, check=True, capture_output=True)
    whole, clock = time.perf_counter() - begin, random.Random(1)
    for turn in range(rounds(100)):
        process = subprocess.Popen([*command, str(tables[turn % 2])], cwd=root, stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)  # fmt: skip
        time.sleep(clock.uniform(0.6, 1.05) * whole)  # before that it imports
        process.kill()
        process.wait()
        state_of(folder)


def test_of_two_writers_at_once_none_breaks_the_index(tmp_path, tables, root, rounds):
    """One is stopped at a random moment, the other goes on as far as it may, and the first is continued."""
    folder, clock = tmp_path / "index", random.Random(2)
    writers = [start(root, WRITER, folder, table) for table in tables]
    try:
        for writer in writers:
            assert writer.stdout.readline() == "ready\n"
        assert writers[0].stdout.readline() == "saved\n"
        for turn in range(rounds(50)):
            stopped = writers[turn % 2]
            time.sleep(clock.uniform(0, 0.15))
            stopped.send_signal(signal.SIGSTOP)
            time.sleep(clock.uniform(0, 0.15))
            state_of(folder)
            stopped.send_signal(signal.SIGCONT)
            state_of(folder)
            assert all(writer.poll() is None for writer in writers)
    finally:
        for writer in writers:
            writer.send_signal(signal.SIGCONT)
            writer.kill()
            writer.wait()
    state_of(folder)


def test_a_reader_never_meets_half_an_index(tmp_path, tables, root, rounds):
    folder = tmp_path / "index"
    writer = start(root, WRITER, folder, *tables)
    try:
        assert writer.stdout.readline() == "ready\n"
        assert writer.stdout.readline() == "saved\n"
        for _ in range(rounds(100)):
            state_of(folder)
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()


@pytest.mark.parametrize("limit", [1, 30_000, 1_000_000])
def test_a_full_disk_leaves_what_was_there_and_says_so(tmp_path, tables, root, limit):
    """No file may grow beyond the limit, as on a disk with so much room."""
    folder = tmp_path / "index"
    SearchEngine.from_catalog(Catalog.from_table(tables[0]), "shop").save(folder)
    process = start(
        root,
        """
        import resource, sys
        from crossmodal_edu.cli import app
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
        app(["index", sys.argv[2], "--out", sys.argv[3]])
        """,
        limit, tables[1], folder, stderr=subprocess.PIPE,
    )  # fmt: skip
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1, told
    assert "Traceback" not in told
    assert "the disk is full" in told or "too large" in told
    assert state_of(folder) == "red"


@pytest.mark.stress
def test_a_small_disk_leaves_what_was_there(tmp_path, tables):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=9m", "none", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        engine = SearchEngine.from_catalog(Catalog.from_table(tables[0]), "shop")
        engine.save(disk / "index")
        other = SearchEngine.from_catalog(Catalog.from_table(tables[1]), "shop")
        with pytest.raises(StorageError, match="the disk is full"):
            other.save(disk / "index")
        assert state_of(disk / "index") == "red"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_may_not_be_written_is_still_read(tmp_path, tables, root):
    """Tried as another user where the tests run as root, whom no permission stops."""
    folder = tmp_path / "index"
    SearchEngine.from_catalog(Catalog.from_table(tables[0]), "shop").save(folder)
    if os.geteuid() == 0:
        disk = tmp_path / "index"
        bound = subprocess.run(["mount", "--bind", disk, disk], capture_output=True)
        if bound.returncode:
            pytest.skip("a folder cannot be made read-only for root here")
        subprocess.run(["mount", "-o", "remount,ro,bind", disk], check=True)
    else:
        folder.chmod(0o555)
    try:
        assert state_of(folder) == "red"
        with pytest.raises(StorageError, match="cannot be written"):
            SearchEngine.load(folder).save(folder)
        assert state_of(folder) == "red"
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", folder], check=True)
        else:
            folder.chmod(0o755)


@pytest.mark.parametrize("how", ["cut", "flipped"])
def test_each_damaged_file_is_noticed_and_the_version_before_offered(tmp_path, tables, how):
    folder, clock = tmp_path / "index", random.Random(3)
    for table in tables:
        SearchEngine.from_catalog(Catalog.from_table(table), "shop").save(folder)
    newest = max(folder.glob("generation-*"))
    files = [path for path in (*newest.rglob("*"), folder / "CURRENT") if path.is_file()]
    assert len(files) > 10
    for path in files:
        content = path.read_bytes()
        place = clock.randrange(len(content))
        if how == "cut":
            path.write_bytes(content[:place])
        else:
            path.write_bytes(
                content[:place] + bytes([content[place] ^ 1 << clock.randrange(8)]) + content[place + 1 :]
            )
        with pytest.raises(StorageError, match="cannot be read") as raised:
            SearchEngine.load(folder)
        assert "crossmodal restore" in raised.value.remedy, path
        path.write_bytes(content)
    assert state_of(folder) == "blue"


def test_a_folder_of_a_newer_version_says_so(tmp_path, tables):
    import json

    from crossmodal_edu.saving import current_generation, new_generation

    folder = tmp_path / "index"
    SearchEngine.from_catalog(Catalog.from_table(tables[0]), "shop").save(folder)
    with new_generation(folder) as fresh:
        shutil.copytree(current_generation(folder), fresh, dirs_exist_ok=True)
        (fresh / "FILES").unlink()
        about = json.loads((fresh / "engine.json").read_text())
        (fresh / "engine.json").write_text(json.dumps(about | {"format": 99}))
    with pytest.raises(StorageError, match="newer version"):
        SearchEngine.load(folder)


@pytest.mark.stress
def test_five_thousand_products_with_pictures_of_100_kilobytes(tmp_path, rng):
    """Half a gigabyte of pictures goes in, and the index opens again."""
    pictures = []
    for _ in range(50):
        file = io.BytesIO()
        coarse = Image.fromarray(rng.integers(0, 256, (110, 110, 3), dtype=np.uint8))
        coarse.resize((500, 500)).save(file, "JPEG", quality=90)
        pictures.append(file.getvalue())
    assert 60_000 < np.mean([len(picture) for picture in pictures]) < 160_000
    products = []
    for i in range(5_000):
        path = tmp_path / f"{i}.jpg"
        path.write_bytes(pictures[i % 50] + i.to_bytes(4, "big"))
        products.append(Product(str(i), title=f"bag number {i}", image=path))
    SearchEngine.from_catalog(Catalog(products), "shop").save(tmp_path / "index")
    engine = SearchEngine.load(tmp_path / "index")
    assert len(engine) == 5_000
    assert engine.search("bag number 77", k=1)[0].product.image
