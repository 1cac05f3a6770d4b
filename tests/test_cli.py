"""The command line: every command once for real, and a thousand malformed inputs."""

from __future__ import annotations

import json
import os
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

from crossmodal_edu import shops
from crossmodal_edu.audio.speech import say
from crossmodal_edu.cli import app, words_or_file
from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.errors import InputError
from crossmodal_edu.products import Catalog

run = CliRunner().invoke


@pytest.fixture(scope="module")
def part_of_the_shop(shop):
    return SearchEngine.from_catalog(Catalog(shop[:120], "shop"), "shop")


@pytest.fixture
def shop_engine(part_of_the_shop, monkeypatch):
    """The engine over a part of the shop, opened once instead of at every command."""
    monkeypatch.setattr(shops, "open_engine", lambda *args, **kwargs: part_of_the_shop)
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


WORDS = ("AC/DC shirt.jpg", "milk.txt", "black/white", "a .mp3 player", "U.S. Polo", "size 42.5", "~tilde")


def test_what_is_typed_is_a_file_if_it_looks_like_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("banana", "photo.jpg", "my photo.JPG", "note"):
        (tmp_path / name).touch()
    for words in (*WORDS, "banana", "note", "your photo.JPG", "x" * 5_000 + " .jpg", "a\0.jpg"):
        assert words_or_file(words) == words
    for name in (
        "photo.jpg",
        "my photo.JPG",
        "./banana",
        "other.jpg",
        "../other",
        "/nowhere/photo",
        "song.M4A",
    ):
        assert words_or_file(name) == Path(name)
    with pytest.raises(InputError, match="is an address"):
        words_or_file("https://localhost/photo.jpg")


def test_words_and_files_are_told_apart(shop_engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    product = shop_engine.catalog[5]
    for name in ("banana", "photo.png"):
        Image.open(product.image).save(tmp_path / name, "PNG")
    assert found("banana")["asked"] == ["text"]
    assert found("./banana")["found"][0]["id"] == product.id
    assert found("--file", "banana")["found"][0]["id"] == product.id
    assert found("--file", "banana", "but in blue")["asked"] == ["image", "text"]
    assert found("photo.png")["asked"] == ["image"]
    for words in ("AC/DC shirt.jpg", "milk.txt"):
        assert found(words)["asked"] == ["text"]
    for query in (["photo.jpg"], ["--file", "gone.png"], []):
        result = run(app, ["search", *query])
        assert result.exit_code == 1
        assert "accepted:" in result.output


def test_the_same_attribute_twice_is_either_and_ranges_are_both(shop_engine):
    colours = {
        hit["attributes"]["colour"]
        for hit in found("mug", "-f", "colour=red", "-f", "colour=navy", "-k", "99")["found"]
    }
    assert colours == {"red", "navy"}
    prices = [
        hit["attributes"]["price"]
        for hit in found("mug", "-f", "price=20..", "-f", "price=..40", "-k", "99")["found"]
    ]
    assert prices
    assert all(20 <= price <= 40 for price in prices)


def test_what_a_table_says_is_shown_as_it_is(tmp_path, monkeypatch):
    """Brackets are no markup, signs that move the cursor are not sent, numbers are not rounded."""
    folder = tmp_path / "[red]shop["
    folder.mkdir()
    table = folder / "mine.csv"
    table.write_text(
        "id,title,brand,price,weight\n"
        "1,Wool scarf [set of 2],Acme [red],1299999,12345.67\n"
        "2,Linen shirt :heart: [/b],[/url],1250000,1\n"
        "3,Ceramic \x1b[31mmug,x,999,2\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("COLUMNS", "200")
    indexed = run(app, ["index", str(table), "--out", str(folder / "[bold]mine")])
    assert indexed.exit_code == 0, indexed.output
    assert "[red]shop[" in indexed.output
    assert "[bold]mine" in indexed.output
    shown = run(app, ["search", "scarf [shirt] [/b]", "-c", str(folder / "[bold]mine")])
    assert shown.exit_code == 0, shown.output
    for text in (
        "Wool scarf [set of 2]",
        "Acme [red]",
        "1299999",
        "12345.67",
        ":heart: [/b]",
        "[/url]",
        "1250000",
    ):
        assert text in shown.output
    assert "\x1b[31m" not in shown.output
    missing = run(app, ["search", "mug", "-c", "[red]none.csv"])
    assert missing.exit_code == 1
    assert "[red]none.csv" in missing.output


def test_what_is_wrong_with_a_table_is_said_by_every_command(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    table = tmp_path / "mine.csv"
    Image.new("RGB", (80, 80), "red").save(tmp_path / "ok.png")
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    table.write_text(
        "id,title,image\n1,red bag,ok.png\n2,,cut.jpg\n3,green bag,cut.jpg\n4,kite,../x.png\n5,mug,ok.png\n"
    )
    for command in (
        ["index", str(table)],
        ["search", "bag", "-c", str(table)],
        ["search", "bag", "-c", str(table), "--sheet", str(tmp_path / "found.html")],
        ["evaluate", "-c", str(table)],
    ):
        result = run(app, command)
        assert result.exit_code == 0, result.output
        for line, product in ((3, "2"), (4, "3")):
            assert f"mine.csv, line {line} (product '{product}'): image" in result.output
        assert "it is left out" in result.output
        assert "line 5" in result.output
    assert "4 products in" in run(app, ["index", str(table)]).output
    assert (tmp_path / "found.html").exists()


def test_output_into_a_file_is_utf_8_on_any_system(tmp_path):
    """As a console of Windows would have it: another encoding, and output redirected."""
    table = tmp_path / "zh.csv"
    table.write_text("id,title\n1,红色皮手袋 “Ĳssel” ✓\n", encoding="utf-8")
    environment = os.environ | {"PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252", "COLUMNS": "200"}
    for more in ([], ["--json"]):
        with open(tmp_path / "out.txt", "wb") as out:
            done = subprocess.run(
                [sys.executable, "-m", "crossmodal_edu.cli", "search", "红色", "-c", str(table), *more],
                stdout=out, stderr=subprocess.PIPE, env=environment, timeout=120,
            )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode("utf-8")
        assert "红色皮手袋 “Ĳssel” ✓" in (tmp_path / "out.txt").read_text(encoding="utf-8")


def test_evaluate_asks_the_index_and_its_own_model(tmp_path, monkeypatch):
    """Searching an index and measuring it give the same answers: R@1 by hand is R@1 in the table."""
    monkeypatch.setenv("COLUMNS", "200")
    colours = ("red", "navy", "yellow", "green", "black", "white")
    for colour in colours:
        Image.new("RGB", (60, 80), colour).save(tmp_path / f"{colour}.png")
    rows = [
        f"{i},{colour} shirt,{colour}.png,{'test' if i % 2 else 'train'}" for i, colour in enumerate(colours)
    ]
    table = tmp_path / "mine.csv"
    table.write_text("id,title,image,split\n" + "\n".join(rows) + "\n")
    for model in ("fashion", "shop"):
        folder = tmp_path / model
        assert run(app, ["index", str(table), "-o", str(folder), "--model", model]).exit_code == 0
        result = run(app, ["evaluate", "-c", str(folder), "--split", "all"])
        assert result.exit_code == 0, result.output
        engine = SearchEngine.load(folder)
        right = [engine.search(p.title, k=1, modality="image")[0].product.id == p.id for p in engine.catalog]
        assert re.search(rf"text\s+│ image\s+│ {sum(right) / len(right):.3f}", result.output), result.output
        assert "3 products (test)" in run(app, ["evaluate", "-c", str(folder)]).output
    for command in (["search", "shirt"], ["evaluate"]):
        for model in ("shop", "nonsense"):
            refused = run(app, [*command, "-c", str(tmp_path / "fashion"), "--model", model])
            assert refused.exit_code == 1
            assert f"'{model}'" in refused.output
    assert run(app, ["search", "shirt", "-c", "shop", "--model", "nonsense"]).exit_code == 1


def test_a_damaged_index_offers_the_version_before_it(tmp_path):
    table = tmp_path / "mine.csv"
    for title in ("red bag", "blue bag"):
        table.write_text(f"id,title\n1,{title}\n")
        assert run(app, ["index", str(table)]).exit_code == 0
    folder = tmp_path / "mine.index"
    newest = max(folder.glob("generation-*")) / "products.parquet"
    newest.write_bytes(newest.read_bytes()[:-3])
    damaged = run(app, ["search", "bag", "-c", str(folder)])
    assert damaged.exit_code == 1
    assert "crossmodal restore" in damaged.output
    assert run(app, ["restore", str(folder)]).exit_code == 0
    assert found("bag", "-c", str(folder))["found"][0]["title"] == "red bag"


def test_an_index_says_what_it_holds(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    table = tmp_path / "mine.csv"
    table.write_text("id,title,colour\n1,red bag,red\n2,mug,blue\n")
    assert run(app, ["index", str(table), "--model", "fashion"]).exit_code == 0
    told = run(app, ["info", str(tmp_path / "mine.index")]).output
    for text in ("products", "2", "colour", "fashion: clothes"):
        assert text in told
    assert run(app, ["index", str(table), "-o", "shop"]).exit_code == 1
    assert run(app, ["--version"]).output.startswith("crossmodal 0.")


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


@pytest.mark.parametrize(
    "command", ["search", "index", "info", "restore", "evaluate", "make-shop", "download", "doctor"]
)
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
