"""The text encoder: padding, order, unknown words."""

from __future__ import annotations

import pytest
import torch

from crossmodal_edu.text.encoder import PairVocabulary, TextEncoder, Tokens
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


def test_words_and_pieces_are_averaged_and_filling_is_not(encoder):
    tokens = encoder.prepare(["red kettle", ""])
    words = encoder.words(tokens)
    for row, text in enumerate(("red kettle", "")):
        encoded = encoder._encode(text)
        for place, numbers in enumerate(encoded):
            expected = encoder.word_vectors.weight[list(numbers)].mean(dim=0)
            torch.testing.assert_close(words[row, place], expected)
        assert not words[row, len(encoded) :].any()


def test_one_endless_word_costs_no_more_than_sixty_four_letters(encoder):
    assert encoder.prepare(["x" * 9_000, "red"]).numbers.shape[2] < 140
    assert encoder.embed(["x" * 9_000]).isfinite().all()


@pytest.mark.no_cover
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_encoder_can_be_exported_and_gives_the_same(encoder, tmp_path, need):
    """From padded numbers and a mask, equal to 1e-5, for other sizes than it was exported with."""
    try:
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError:
        need("onnxruntime and onnxscript are not installed")

    class Exported(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = encoder

        def forward(self, numbers, present):
            return self.encoder(Tokens(numbers, present))

    free = dict.fromkeys(range(3), torch.export.Dim.DYNAMIC)
    torch.onnx.export(
        Exported().eval(),
        tuple(encoder.prepare(["red bag", "a white bag with dots"])),
        tmp_path / "text.onnx",
        input_names=["numbers", "present"],
        dynamic_shapes={"numbers": free, "present": free},
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    session = onnxruntime.InferenceSession(tmp_path / "text.onnx")
    texts = ["red", "", "an entirely unheard of wheelbarrow", "red bag with white dots", "kettle"]
    numbers, present = encoder.prepare(texts)
    (exported,) = session.run(None, {"numbers": numbers.numpy(), "present": present.numpy()})
    torch.testing.assert_close(torch.from_numpy(exported), encoder.embed(texts), atol=1e-5, rtol=1e-5)


def test_pairs_of_neighbours_are_counted_as_words_are():
    texts = ["Navy blue bag", "navy blue, shoe", "blue navy", "a"]
    assert PairVocabulary.of_texts(texts, 2).words == ("blue", "navy", "navy_blue")
    assert PairVocabulary.of_texts(texts, 3).words == ("blue", "navy")
    words = Vocabulary.of_texts(texts, 1).words
    assert tuple(word for word in PairVocabulary.of_texts(texts, 1).words if "_" not in word) == words


def test_known_pairs_stand_behind_the_words_and_others_are_left_out():
    vocabulary = PairVocabulary(["red", "bag", "red_bag"], buckets=8)
    plain = Vocabulary(["red", "bag", "red_bag"], buckets=8)
    assert vocabulary.encode("bag red") == plain.encode("bag red")
    assert vocabulary.encode("a red bag") == [*plain.encode("a red bag"), (4,)]
    assert vocabulary.encode("") == [] and vocabulary.encode("red") == plain.encode("red")
    assert vocabulary.encode("red bag", longest=1) == plain.encode("red")
    assert vocabulary.encode("red_bag") == [*plain.encode("red bag"), (4,)], "a pair cannot be written"
    assert vocabulary.unknown("red bag sofa") == ["sofa"]


def test_a_pair_is_more_than_its_words_in_another_order():
    vocabulary = PairVocabulary([*WORDS, "red_dots"], buckets=8)
    encoder = TextEncoder(vocabulary, width=8, dimensions=6, recurrent=False).eval()
    one, other, third = encoder.embed(["white red dots", "red white dots", "dots white red"])
    assert not torch.allclose(one, other, atol=1e-4)
    assert torch.allclose(other, third, atol=1e-6)


def test_two_layers_add_to_the_projected_mean():
    encoder = TextEncoder(Vocabulary(WORDS, 4), width=4, dimensions=3, recurrent=False, residual=True).eval()
    plain = TextEncoder(Vocabulary(WORDS, 4), width=4, dimensions=3, recurrent=False).eval()
    assert plain.refine is None
    plain.load_state_dict(encoder.state_dict(), strict=False)
    mean = plain.embed(["red bag"])
    first, second = (layer for layer in encoder.refine if isinstance(layer, torch.nn.Linear))
    expected = mean + second(torch.relu(first(mean)))
    torch.testing.assert_close(encoder.embed(["red bag"]), expected.detach())


def test_what_is_saved_comes_back_with_its_pairs_and_layers(tmp_path):
    vocabulary = PairVocabulary([*WORDS, "red_dots"], buckets=8)
    encoder = TextEncoder(vocabulary, 8, 6, recurrent=False, residual=True).half().float().eval()
    encoder.save(tmp_path)
    loaded = TextEncoder.load(tmp_path)
    texts = ["red dots", "dots red", "sofa"]
    torch.testing.assert_close(loaded.embed(texts), encoder.embed(texts))
    assert loaded.vocabulary.words == vocabulary.words
