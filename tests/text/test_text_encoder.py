"""The text encoder: padding, order, unknown words."""

from __future__ import annotations

import pytest
import torch

from crossmodal_edu.text.encoder import TextEncoder
from crossmodal_edu.text.tokens import Vocabulary

WORDS = ["red", "white", "dots", "with", "bag"]


@pytest.fixture(params=[True, False], ids=["gru", "mean"])
def encoder(request):
    return TextEncoder(Vocabulary(WORDS, buckets=32), width=8, dimensions=6, recurrent=request.param).eval()


def test_a_text_does_not_depend_on_its_neighbours(encoder):
    texts = ["red bag", "white bag with red dots and many more words", ""]
    together = encoder(encoder.prepare(texts))
    alone = torch.cat([encoder(encoder.prepare([text])) for text in texts])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)


def test_only_the_gru_minds_the_order():
    for recurrent in (True, False):
        encoder = TextEncoder(Vocabulary(WORDS), width=8, dimensions=6, recurrent=recurrent).eval()
        one, other = encoder(encoder.prepare(["red bag with white dots", "white bag with red dots"]))
        assert torch.allclose(one, other, atol=1e-6) is not recurrent


def test_unknown_words_differ_by_their_pieces(encoder):
    one, other = encoder(encoder.prepare(["kettle", "violin"]))
    assert not torch.allclose(one, other)


def test_the_mean_is_weighted_by_the_learned_weights():
    """Equal to the definition, written out for one text: softmax over words, then the sum."""
    encoder = TextEncoder(Vocabulary(WORDS, buckets=4), width=4, dimensions=3, recurrent=False).eval()
    words = torch.stack(
        [encoder.word_vectors.weight[list(w)].mean(0) for w in encoder.vocabulary.encode("red bag")]
    )
    weights = torch.softmax(words @ encoder.weight.weight[0] + encoder.weight.bias, dim=0)
    expected = encoder.project((weights[:, None] * words).sum(0))
    torch.testing.assert_close(encoder(encoder.prepare(["red bag"]))[0], expected)


@pytest.mark.no_cover
def test_what_reads_the_words_can_be_exported_and_gives_the_same(encoder, tmp_path, need):
    """Equal to 1e-5, for other numbers of texts and words than it was exported with."""
    try:
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError:
        need("onnxruntime and onnxscript are not installed")

    class Reader(torch.nn.Module):
        def forward(self, words, present):
            return encoder.read(words, present)

    width, free = encoder.word_vectors.embedding_dim, torch.export.Dim.DYNAMIC
    torch.onnx.export(
        Reader().eval(),
        (torch.randn(2, 3, width), torch.ones(2, 3, dtype=torch.bool)),
        tmp_path / "reader.onnx",
        dynamic_shapes={"words": {0: free, 1: free}, "present": {0: free, 1: free}},
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    session = onnxruntime.InferenceSession(tmp_path / "reader.onnx")
    words, present = torch.randn(3, 7, width), torch.arange(7) < torch.tensor([7, 2, 5])[:, None]
    (exported,) = session.run(None, {"words": words.numpy(), "present": present.numpy()})
    torch.testing.assert_close(torch.from_numpy(exported), encoder.read(words, present), atol=1e-5, rtol=1e-5)
