"""The command line: every command once for real, and a thousand malformed inputs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from PIL import Image
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from malformed import malformed_inputs

from crossmodal_edu import engine as engine_module
from crossmodal_edu.audio.speech import say
from crossmodal_edu.cli import app
from crossmodal_edu.products import Catalog

run = CliRunner().invoke


@pytest.fixture(scope="module")
def part_of_the_shop(shop):
    return engine_module.SearchEngine.from_catalog(Catalog(shop[:120], "shop"), "shop")


@pytest.fixture
def shop_engine(part_of_the_shop, monkeypatch):
    """The engine over a part of the shop, opened once instead of at every command."""
    monkeypatch.setattr(engine_module, "open_engine", lambda *args, **kwargs: part_of_the_shop)
    return part_of_the_shop


def found(*arguments: str) -> dict:
    result = run(app, ["search", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_words_a_picture_a_sound_and_several(shop_engine, tmp_path):
    product = shop_engine.catalog[5]
    sound = tmp_path / "question.wav"
    soundfile.write(sound, say(product.title), 16_000)
    picture = tmp_path / "photo.png"
    Image.open(product.image).save(picture)
    assert found("red", "leather", "handbag")["asked"] == ["text"]
    assert found(str(picture))["found"][0]["id"] == product.id
    assert found(str(sound))["asked"] == ["audio"]
    assert found(str(picture), "but in blue")["asked"] == ["image", "text"]
    assert len(found("mug", "-k", "3")["found"]) == 3


def test_filters_on_the_command_line(shop_engine):
    hits = found("mug", "-f", "price=..50", "-f", "colour=red,blue")["found"]
    assert all(hit["attributes"]["price"] <= 50 and hit["attributes"]["colour"] == "red" for hit in hits)
    for filter in ("price", "price=", "=3", "price=a..b", "price=5..1", "nothing=3"):
        result = run(app, ["search", "mug", "-f", filter])
        assert result.exit_code == 1, filter
        assert "accepted:" in result.output


def test_a_sheet_is_drawn(shop_engine, tmp_path):
    sheet = tmp_path / "found.png"
    assert run(app, ["search", "red bag", "-k", "4", "--sheet", str(sheet)]).exit_code == 0
    with Image.open(sheet) as drawn:
        assert drawn.width > 400
        assert len(drawn.convert("RGB").getcolors(1 << 24)) > 1000
    for name in ("found.txt", "no/such/folder/found.png"):
        assert run(app, ["search", "red bag", "--sheet", str(tmp_path / name)]).exit_code == 1


def test_index_own_products_and_search_them(tmp_path):
    Image.new("RGB", (80, 80), "red").save(tmp_path / "bag.png")
    table = tmp_path / "mine.csv"
    table.write_text(
        "id,title,image,price\n1,red bag,bag.png,20\n2,blue mug,,8\n2,twice,,9\n3,kite,gone.png,5\n"
    )
    indexed = run(app, ["index", str(table)])
    assert indexed.exit_code == 0, indexed.output
    assert "line 4" in indexed.output
    assert "line 5" in indexed.output
    hits = found("a mug", "--catalog", str(tmp_path / "mine.index"))["found"]
    assert [hit["id"] for hit in hits][:1] == ["2"]
    assert len(hits) == 3


def test_make_shop_and_evaluate_it(tmp_path):
    folder = tmp_path / "made"
    assert run(app, ["make-shop", str(folder), "-n", "30", "--seed", "5"]).exit_code == 0
    result = run(app, ["evaluate", "--catalog", str(folder / "products.csv"), "--split", "all"])
    assert result.exit_code == 0, result.output
    assert len(re.findall(r"0\.\d\d\d", result.output)) > 20
    assert run(app, ["make-shop", str(folder), "-n", "30"]).exit_code == 1


def test_doctor_finds_this_machine_ready():
    result = run(app, ["doctor"])
    assert result.exit_code == 0, result.output
    assert "ready" in result.output
    assert "broken" not in result.output


@pytest.mark.parametrize("command", ["search", "index", "evaluate", "make-shop", "download", "doctor"])
def test_help_has_an_example(command):
    result = run(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"crossmodal {command}" in result.output


def test_a_real_process_ends_with_one_and_without_a_traceback(tmp_path):
    bad = tmp_path / "photo.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    done = subprocess.run(
        [sys.executable, "-m", "crossmodal_edu.cli", "search", str(bad)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_thousand_malformed_inputs_end_in_a_result_or_an_explanation(shop_engine, tmp_path):
    count = refused = 0
    for case in malformed_inputs(tmp_path / "inputs"):
        if not case.on_command_line:
            continue
        if case.is_table:
            arguments = ["index", str(case.given), "--out", str(tmp_path / "index")]
        else:
            arguments = ["search", "--json", "--", str(case.given)]
        result = run(app, arguments)
        count += 1
        refused += result.exit_code != 0
        # 1 is an error explained, 2 an argument that the command line itself refuses.
        assert result.exit_code in (0, 1, 2), f"{case.name}: {result.exception!r}"
        assert result.exception is None or isinstance(result.exception, SystemExit), case.name
        assert "Traceback" not in result.output, case.name
    assert count > 900
    assert 0.3 * count < refused < 0.9 * count
