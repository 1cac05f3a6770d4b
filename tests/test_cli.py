"""The command line: every command once for real, and a thousand malformed inputs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest
import soundfile
import typer
from PIL import Image
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from malformed import malformed_inputs

from crossmodal_edu import shops
from crossmodal_edu.audio.speech import say
from crossmodal_edu.cli import app, words_or_file
from crossmodal_edu.engine import SearchEngine
from crossmodal_edu.errors import InputError
from crossmodal_edu.options import explained
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
    monkeypatch.setattr("crossmodal_edu.printing.out.width", 200)
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
    monkeypatch.setattr("crossmodal_edu.printing.out.width", 200)
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
    monkeypatch.setattr("crossmodal_edu.printing.out.width", 200)
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
    monkeypatch.setattr("crossmodal_edu.printing.out.width", 200)
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


# --- an index that changes --------------------------------------------------------------------------------


def test_an_index_is_added_to_updated_and_exported(tmp_path):
    table, folder = tmp_path / "shop.csv", str(tmp_path / "my.index")
    table.write_text("Handle,Title,Body (HTML),Vendor\na,red bag,<p>soft</p>,X\nb,blue mug,,Y\n")
    made = run(app, ["index", str(table), "-o", folder])
    assert made.exit_code == 0, made.output
    assert (
        "taken: 'Body (HTML)' as description, 'Handle' as id" in made.output.replace("\n", "")
        or "taken:" in made.output
    )
    more = tmp_path / "more.csv"
    more.write_text("id,title,Vendor\nc,green chair,Z\n")
    assert run(app, ["add", folder, str(more)]).exit_code == 0
    assert "Two products have the id 'c'" in run(app, ["add", folder, str(more)]).output
    more.write_text("id,title,description,Vendor\na,red bag,soft,W\nd,oak table,,W\n")
    updated = run(app, ["update", folder, str(more)])
    assert updated.exit_code == 0, updated.output
    assert "1 added, 1 there before, 0 removed; 1 sides embedded" in updated.output
    assert "2 removed" in run(app, ["update", folder, str(more), "--remove-missing"]).output
    (best,) = found("-c", folder, "-k", "1", "table")["found"]
    assert best["id"] == "d" and best["attributes"] == {"Vendor": "W"}
    assert run(app, ["remove", folder, "d"]).exit_code == 0
    missing = run(app, ["remove", folder, "-x"])  # an id, and none of the command's options
    assert missing.exit_code == 1 and "No product has the id '-x'" in missing.output
    missing = run(app, ["remove", folder, "zz"])
    assert missing.exit_code == 1 and "'zz'" in missing.output
    assert len(found("-c", folder, "bag")["found"]) == 1
    out = tmp_path / "vectors.parquet"
    assert run(app, ["export", folder, str(out)]).exit_code == 0
    written = pyarrow.parquet.read_table(out).to_pydict()
    assert written["id"] == ["a"] and written["Vendor"] == ["W"] and len(written["text_vector"][0]) == 256
    assert "image_vector" not in written
    assert run(app, ["export", folder, str(tmp_path / "vectors.csv")]).exit_code == 1
    for command in (["add", folder + "x", str(more)], ["remove", folder + "x", "a"]):
        gone = run(app, command)
        assert gone.exit_code == 1 and "Nothing is saved" in gone.output
    assert not Path(folder + "x").exists()


def test_what_a_row_leaves_empty_and_what_cannot_be_read_stays_as_it_was(tmp_path):
    for name in ("red", "blue"):
        Image.new("RGB", (80, 80), name).save(tmp_path / f"{name}.png")
    table, folder = tmp_path / "shop.csv", tmp_path / "my.index"
    table.write_text("id,title,image,price\na,red bag,red.png,5\nb,blue mug,blue.png,7\nc,,red.png,1\n")
    assert run(app, ["index", str(table), "-o", str(folder)]).exit_code == 0

    def updated(text: str, *options: str) -> str:
        table.write_text(text)
        result = run(app, ["update", str(folder), str(table), *options])
        assert result.exit_code == 0, result.output
        return result.output

    def images() -> int:
        return len(SearchEngine.load(folder).vectors("image")[0])

    generation = (folder / "CURRENT").read_text()
    assert "0 sides embedded" in updated("id,title,image,price\na,red bag,red.png,5\n")
    assert (folder / "CURRENT").read_text() == generation, "nothing changed, and nothing is written"
    assert "0 sides embedded" in updated("id,title,price\na,red bag,6\nb,blue mug,8\n")  # prices alone
    assert images() == 3
    assert found("-c", str(folder), "bag", "-k", "1")["found"][0]["attributes"] == {"price": 6}
    assert "gone.png" in updated("id,title,image\na,red bag,gone.png\n")
    (tmp_path / "red.png").write_bytes(b"\x89PNG cut")
    assert "image" in updated("id,title,image\na,red bag,red.png\nc,,red.png\n")
    assert images() == 3 and len(SearchEngine.load(folder)) == 3
    table.write_text("id,title,price\na,red bag,5\nb,blue mug,7,8,9\n")
    refused = run(app, ["update", str(folder), str(table), "--remove-missing"])
    assert refused.exit_code == 1 and "would be removed" in refused.output
    assert len(SearchEngine.load(folder)) == 3


def test_a_column_may_be_named_and_a_table_without_a_title_lists_its_columns(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("nr,Bezeichnung\n1,red bag\n2,mug\n")
    refused = run(app, ["index", str(table)])
    assert refused.exit_code == 1 and "nr, Bezeichnung" in refused.output and "--column" in refused.output
    named = ["--column", "title=Bezeichnung", "--column", "id=nr"]
    assert run(app, ["index", str(table), *named]).exit_code == 0
    assert found("-c", str(tmp_path / "mine.index"), "mug", "-k", "1")["found"][0]["id"] == "2"
    assert found("-c", str(table), "mug", "-k", "1", *named)["found"][0]["id"] == "2"
    table.write_text("id,sku,title\n9,a1,red bag\n")
    assert run(app, ["index", str(table), "--column", "id=sku"]).exit_code == 0
    assert found("-c", str(tmp_path / "mine.index"), "bag")["found"][0]["id"] == "a1"
    for wrong in ("title", "name=x", "title=Name"):
        assert run(app, ["index", str(table), "--column", wrong]).exit_code == 1


def test_weights_offset_and_order(shop_engine, tmp_path):
    photo = tmp_path / "photo.png"
    Image.open(shop_engine.catalog[5].image).save(photo)
    near, away = (found(str(photo), "red", "-w", "1", "-w", w, "-k", "20")["found"] for w in ("0.5", "-0.5"))
    assert near != away
    first, second = found("bag", "-k", "4")["found"], found("bag", "-k", "2", "--offset", "2")["found"]
    assert second == first[2:]
    behind = run(app, ["search", "bag", "--offset", "500"])
    assert behind.exit_code == 0 and "No more than 120 were found" in behind.stderr
    assert "nothing was found" not in behind.output and "nothing to show" in behind.stdout
    prices = [hit["attributes"]["price"] for hit in found("bag", "--order", "-price")["found"]]
    assert prices == sorted(prices, reverse=True)


def test_own_queries_and_the_control(shop_engine, tmp_path):
    products = shop_engine.catalog
    queries = tmp_path / "typed.csv"
    lines = [f'"{product.captions[0]}",{product.id}' for product in products[:30]]
    queries.write_text("query,id\n" + "\n".join(lines) + "\n", encoding="utf-8")
    measured, control = (
        run(app, ["evaluate", "--queries", str(queries), *more]) for more in ([], ["--control"])
    )
    assert measured.exit_code == control.exit_code == 0, measured.output + control.output
    assert "30 queries among 120 products" in measured.output
    assert "about chance" in control.output
    values = [re.findall(r"0\.\d{3}|1\.000", result.output)[0] for result in (measured, control)]
    assert float(values[0]) > 0.4 > float(values[1])


def test_of_many_problems_each_kind_is_counted(tmp_path):
    table = tmp_path / "mine.csv"
    rows = [f"{i},bag {i},none{i}.png" for i in range(30)] + ["", "5,twice,"]
    table.write_text("id,title,image\n" + "\n".join(rows) + "\n")
    told = run(app, ["index", str(table), "--problems", "3"]).output
    assert told.count("mine.csv, line") == 3
    assert "27 more: image" in told and "1 more: the id" in told
    assert "--problems 31" in told
    assert run(app, ["search", "bag", "-c", str(table), "--problems", "0"]).exit_code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("arguments", [["search", "mug", "--json"], ["doctor"]])
def test_an_output_that_cannot_be_written_is_one_clear_error(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "crossmodal_edu.cli", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [(BrokenPipeError(), 0), (OSError(28, "No space left on device"), 1), (KeyboardInterrupt(), 130)],
    ids=["nobody reads on", "the disk is full", "Ctrl-C"],
)
def test_what_stops_a_command_from_outside_has_its_exit_code(error, code, monkeypatch, capfd):
    monkeypatch.setattr("crossmodal_edu.options.os.dup2", lambda *given: None)
    with pytest.raises(typer.Exit) as raised, explained():
        raise error
    assert raised.value.exit_code == code
