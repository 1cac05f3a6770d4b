from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from crossmodal_edu.errors import StorageError
from crossmodal_edu.retrieval.generations import current_generation, new_generation

posix = pytest.mark.skipif(os.name != "posix", reason="SIGKILL and fork are POSIX")


def save(folder, text):
    with new_generation(folder) as fresh:
        (fresh / "a.txt").write_text(text)
        (fresh / "deeper").mkdir()
        (fresh / "deeper" / "b.txt").write_text(text)


def saved(folder):
    current = current_generation(folder)
    first, second = (current / "a.txt").read_text(), (current / "deeper" / "b.txt").read_text()
    assert first == second
    return first


def output_of(script, folder, root):
    command = [sys.executable, "-c", script, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=root)
    assert run.returncode == 0, run.stderr
    return run.stdout


def generations(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def test_the_last_version_counts_and_the_one_before_is_kept(tmp_path):
    for text in ("one", "two", "three", "four"):
        save(tmp_path, text)
        assert saved(tmp_path) == text
    assert generations(tmp_path) == ["generation-000003", "generation-000004"]
    assert not (tmp_path / "CURRENT.new").exists()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_inside_leaves_the_previous_version(tmp_path, error):
    save(tmp_path, "one")

    def fail():
        with new_generation(tmp_path) as fresh:
            (fresh / "a.txt").write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert saved(tmp_path) == "one"
    assert generations(tmp_path) == ["generation-000001"]


def test_a_full_disk_is_a_storage_error_and_leaves_the_previous_version(tmp_path):
    save(tmp_path, "one")

    def fail():
        with new_generation(tmp_path):
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        fail()
    assert saved(tmp_path) == "one"


def test_left_overs_of_a_killed_save_go_at_the_next_one(tmp_path):
    save(tmp_path, "one")
    (tmp_path / "generation-000002").mkdir()
    (tmp_path / "generation-000002" / "a.txt").write_text("half")
    assert saved(tmp_path) == "one"
    save(tmp_path, "three")
    assert saved(tmp_path) == "three"
    assert generations(tmp_path) == ["generation-000001", "generation-000003"]


def test_files_of_others_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "generation-x").mkdir()
    save(tmp_path, "one")
    save(tmp_path, "two")
    save(tmp_path, "three")
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "generation-x").is_dir()


def test_who_finishes_first_does_not_take_away_what_another_has_begun(tmp_path):
    early, late = new_generation(tmp_path), new_generation(tmp_path)
    for number, saving in enumerate((early, late)):
        (saving.__enter__() / "a.txt").write_text(str(number))
    early.__exit__(None, None, None)
    assert (current_generation(tmp_path) / "a.txt").read_text() == "0"
    late.__exit__(None, None, None)
    assert (current_generation(tmp_path) / "a.txt").read_text() == "1"


@pytest.mark.parametrize(
    "pointer",
    [
        "",
        "generation-000001",
        "../../etc 00\n",
        "generation-000009 " + "0" * 64 + "\n",
        "\x00\xff",
        "x" * 100_000,
    ],
)
def test_a_broken_pointer_is_a_storage_error_and_can_be_saved_over(tmp_path, pointer):
    save(tmp_path, "one")
    (tmp_path / "CURRENT").write_text(pointer)
    with pytest.raises(StorageError, match="cannot be read"):
        current_generation(tmp_path)
    save(tmp_path, "two")
    assert saved(tmp_path) == "two"


def test_a_pointer_that_is_a_folder_is_a_storage_error(tmp_path):
    (tmp_path / "CURRENT").mkdir()
    with pytest.raises(StorageError):
        current_generation(tmp_path)
    with pytest.raises(StorageError):
        save(tmp_path, "one")


@posix
def test_killed_before_or_after_any_step_the_folder_holds_a_whole_version(tmp_path, root):
    """A child is killed at its n-th call to the file system, for every n until it comes through."""
    script = textwrap.dedent(
        """
        import os, pathlib, shutil, signal, sys
        from crossmodal_edu.retrieval.generations import current_generation, new_generation

        def save(folder, text):
            with new_generation(folder) as fresh:
                (fresh / "a.txt").write_text(text)
                (fresh / "b.txt").write_text(text)

        def killed_at(step):
            left = [step]
            def kill_before(call):
                def wrapped(*arguments, **options):
                    left[0] -= 1
                    if left[0] == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return call(*arguments, **options)
                return wrapped
            os.fsync, os.replace = kill_before(os.fsync), kill_before(os.replace)
            shutil.rmtree = kill_before(shutil.rmtree)
            pathlib.Path.write_text = kill_before(pathlib.Path.write_text)
            pathlib.Path.write_bytes = kill_before(pathlib.Path.write_bytes)

        folder = pathlib.Path(sys.argv[1])
        save(folder, "0")
        save(folder, "0")
        text, step = "0", 0
        while True:
            step += 1
            child = os.fork()
            if not child:
                killed_at(step)
                save(folder, str(step))
                os._exit(0)
            _, status = os.waitpid(child, 0)
            current = current_generation(folder)
            found = {(current / name).read_text() for name in ("a.txt", "b.txt")}
            assert found in ({text}, {str(step)}), (step, found)
            text = found.pop()
            if os.WIFEXITED(status):
                assert text == str(step)
                break
        print(step)
        """
    )
    assert int(output_of(script, tmp_path, root)) > 10  # so many places to be killed at


@posix
@pytest.mark.slow
def test_an_index_killed_while_saving_loads_whole(tmp_path, root):
    """Children that save over and over are killed at any moment; every row of what is left says the same."""
    script = textwrap.dedent(
        """
        import os, pathlib, random, signal, sys, time
        import torch
        from crossmodal_edu.retrieval.index import Index

        torch.set_num_threads(1)
        folder, clock = pathlib.Path(sys.argv[1]), random.Random(0)

        def save(number):
            index = Index(64)
            angle = torch.tensor(float(number))
            vector = torch.cat([angle.cos()[None], angle.sin()[None], torch.zeros(62)])
            index.add([f"{number}-{i}" for i in range(500)], vector.repeat(500, 1))
            index.save(folder)

        save(0)
        newest = 0
        for attempt in range(8):
            told, tells = os.pipe()
            child = os.fork()
            if not child:
                for number in range(newest + 1, newest + 10_000):
                    save(number)
                    os.write(tells, b".")
                os._exit(0)
            started = time.perf_counter()
            os.read(told, 1)  # one save came through; the next is under way
            time.sleep(clock.uniform(0, time.perf_counter() - started))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            index = Index.load(folder)
            number = int(index.ids[0].split("-")[0])
            assert number > newest
            assert index.ids == tuple(f"{number}-{i}" for i in range(500))
            assert (index.vectors == index.vectors[0]).all()
            assert abs(index.vectors[0, 0] - torch.tensor(float(number)).cos()) < 1e-6
            newest = number
        print(newest)
        """
    )
    assert int(output_of(script, tmp_path, root)) >= 8
