"""Which file a cell means: never one outside the allowed folders, never one that is no file."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from crossmodal_edu.attachments import Attachments
from crossmodal_edu.errors import TableError


@pytest.fixture
def shop(tmp_path) -> Path:
    """A table's folder with pictures, beside a folder with a secret."""
    folder = tmp_path / "shop"
    (folder / "img").mkdir(parents=True)
    for name in ("a.png", "img/a.png", "img/b, c.png", "img/b.png"):
        (folder / name).write_bytes(b"x")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.png").write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("a.png", "a.png"),
        ("./img/../img/a.png", "img/a.png"),
        ("img\\a.png", "img/a.png"),
        ("IMG/A.PNG", "img/a.png"),
        ("Img\\B.png", "img/b.png"),
        ("img/b, c.png", "img/b, c.png"),
    ],
)
def test_files_in_the_folder(shop, cell, name):
    found, notice = Attachments(shop).find(cell)
    assert found.samefile(shop / name)
    assert notice == ""
    assert Attachments(shop).find(str(shop / "a.png")) == (shop / "a.png", "")


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("no.png", "there is no file 'no.png' in the table's folder"),
        ("img", "'img' is a folder, not a file"),
        ("..", "is a folder, not a file"),
        ("../outside/secret.png", "leads out of the table's folder"),
        ("../outside/missing.png", "leads out of the table's folder"),
        ("..\\outside\\secret.png", "leads out of the table's folder"),
        ("img/../NO.png", "there is no file"),
        ("../OUTSIDE/secret.png", "leads out of the table's folder"),
        ("/etc/hostname", "is an absolute path that leads out"),
        ("/etc/missing", "is an absolute path that leads out"),
        ("/dev/zero", "is an absolute path that leads out"),
        ("C:\\pics\\z.jpg", "is a path of another machine"),
        ("\\\\server\\share\\x.png", "is a path of another machine"),
        ("https://example.com/x.jpg", "is an address"),
        ("HTTP://example.com/x.jpg", "is an address"),
        ("//cdn.example.com/y.jpg", "is an address"),
        ("file:///etc/hostname", "is an address"),
        ("data:image/png,abc", "holds no base64"),
        ("data:image/png;base64,§§", "is damaged"),
        ("data:image/png;base64,QUJD*", "is damaged"),
        ("data:image/png;base64,", "is damaged"),
        ("x" * 5_000, "there is no file"),
        ("a\0.png", "there is no file"),
        ("a.png/b.png", "there is no file"),
        ("no.png, none.png", "none of its 2 can be used: there is no file 'no.png'"),
        ("../outside/secret.png|no.png", "none of its 2 can be used: '../outside/secret.png' leads out"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths of other systems")
def test_what_is_no_file_of_the_table_is_refused_and_said(shop, cell, why):
    found, notice = Attachments(shop).find(cell)
    assert found is None
    assert why in notice
    if "leads out" in why:
        assert "--media-root" in notice


def test_nothing_in_a_cell_needs_no_notice(shop):
    for cell in ("", (), b"", ("",)):
        assert Attachments(shop).find(cell) == (None, "")


def test_a_folder_can_be_allowed(shop, tmp_path):
    attachments = Attachments(shop, media_root=tmp_path / "outside")
    secret = tmp_path / "outside" / "secret.png"
    for cell in ("../outside/secret.png", "..\\outside\\secret.png", str(secret)):
        found, notice = attachments.find(cell)
        assert found.samefile(secret) and notice == ""
    assert attachments.find("a.png")[0] == shop / "a.png"
    assert attachments.find("../shop2/a.png")[0] is None
    # A folder whose name only begins alike is another one.
    (tmp_path / "outside2").mkdir()
    (tmp_path / "outside2" / "b.png").write_bytes(b"x")
    assert attachments.find("../outside2/b.png")[0] is None
    with pytest.raises(TableError, match="not a folder"):
        Attachments(shop, media_root=secret)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes and links on this system")
def test_links_pipes_and_devices(shop, tmp_path):
    outside = tmp_path / "outside"
    (shop / "out.png").symlink_to(outside / "secret.png")
    (shop / "away").symlink_to(outside)
    (shop / "in.png").symlink_to(shop / "img" / "a.png")
    (shop / "loop.png").symlink_to(shop / "loop.png")
    (shop / "dangling.png").symlink_to(shop / "nothing.png")
    os.mkfifo(shop / "pipe.png")
    attachments = Attachments(shop)
    assert attachments.find("in.png") == (shop / "in.png", "")
    for cell, why in {
        "out.png": "is a link that leads out",
        "away/secret.png": "leads out",
        "AWAY/SECRET.png": "leads out",
        "loop.png": "there is no file",
        "dangling.png": "there is no file",
        "pipe.png": "is a device or a pipe, not a file",
    }.items():
        found, notice = attachments.find(cell)
        assert found is None and why in notice, cell
    assert Attachments(shop, outside).find("out.png") == (shop / "out.png", "")
    assert Attachments(shop, Path("/dev")).find("/dev/null")[1].startswith("'/dev/null' is a device")


def test_the_content_itself(shop):
    attachments = Attachments(shop)
    assert attachments.find(b"picture") == (b"picture", "")
    address = "data:image/png;base64," + base64.b64encode(b"picture").decode()
    assert attachments.find(address) == (b"picture", "")
    assert attachments.find(address.replace("data:", "DATA:").replace(",", ", ")) == (b"picture", "")


def test_of_several_the_first_that_can_be_used_is_taken_and_said(shop):
    attachments = Attachments(shop)
    for cell in ("no.png, img/b.png", "img/b.png|no.png", "img/b.png;a.png", ("no.png", "img/b.png")):
        found, notice = attachments.find(cell)
        assert found == shop / "img/b.png"
        assert notice == "it has 2, of which 'img/b.png' is taken"
    assert attachments.find((b"one", b"two", "a.png")) == (b"one", "it has 3, of which one is taken")
    assert attachments.find((b"one",)) == (b"one", "")
    assert attachments.find("a.png,") == (shop / "a.png", "")


def test_names_that_differ_only_in_case_are_not_guessed(shop):
    (shop / "IMG").mkdir(exist_ok=True)
    (shop / "IMG" / "B.PNG").write_bytes(b"x")
    if (shop / "img" / "b.png").samefile(shop / "IMG" / "B.PNG"):
        pytest.skip("a file system without case")
    found, notice = Attachments(shop).find("Img/b.Png")
    assert found is None and "may be" in notice
    assert Attachments(shop).find("IMG/B.PNG") == (shop / "IMG/B.PNG", "")
    assert Attachments(shop).find("Img/a.png")[0] == shop / "img/a.png"
