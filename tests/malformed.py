"""A thousand inputs that are damaged, misleading or of the wrong kind: the same ones for each seed.

Whoever opens one must end with a result or a :class:`~crossmodal_edu.errors.CrossmodalError`.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import soundfile
from PIL import Image

TOTAL = 1_000


@dataclass(frozen=True)
class MalformedCase:
    """One input. ``given`` is a path, or an object for the Python interface alone."""

    name: str
    given: object
    is_table: bool = False

    @property
    def on_command_line(self) -> bool:
        """Whether it can be typed: a path, or a string that a terminal can pass on."""
        return isinstance(self.given, Path) or (
            isinstance(self.given, str) and "\0" not in self.given and self.given.isprintable()
        )


def malformed_inputs(folder: Path, seed: int = 0) -> Iterator[MalformedCase]:
    """Write 1,000 malformed inputs into a folder, one by one, and yield each.

    Some 90 are built by hand; the rest are pictures, sounds, videos and tables that were cut off,
    had bits flipped, a stretch zeroed, swapped or repeated, or noise inserted.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for case in (*_by_hand(folder, rng), *_tables_by_hand(folder)):
        count += 1
        yield case
    originals = [*_pictures(rng).items(), *_sounds(rng).items(), *_tables(rng).items()]
    while count < TOTAL:
        name, content = originals[count % len(originals)]
        damage = _DAMAGES[rng.integers(len(_DAMAGES))]
        path = folder / f"{count:04d}_{damage.__name__.strip('_')}_{name}"
        path.write_bytes(damage(content, rng))
        yield MalformedCase(path.name, path, is_table=name.endswith((".csv", ".tsv", ".parquet")))
        count += 1


# Whole files


def _photo(rng: np.random.Generator, size: tuple[int, int] = (48, 40)) -> Image.Image:
    noise = rng.integers(0, 256, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def _pictures(rng: np.random.Generator) -> dict[str, bytes]:
    photo = _photo(rng)
    exif = Image.Exif()
    exif[0x0112] = 6
    sixteen_bits = Image.fromarray(rng.integers(0, 65_536, (40, 48), dtype=np.uint16))
    plans: dict[str, tuple[Image.Image, str, dict]] = {
        "photo.jpg": (photo, "JPEG", {"exif": exif}),
        "progressive.jpg": (photo, "JPEG", {"progressive": True}),
        "cmyk.jpg": (photo.convert("CMYK"), "JPEG", {}),
        "photo.png": (photo, "PNG", {}),
        "alpha.png": (photo.convert("RGBA"), "PNG", {}),
        "palette.png": (photo.quantize(16), "PNG", {"transparency": 0}),
        "sixteen.png": (sixteen_bits, "PNG", {}),
        "photo.webp": (photo, "WEBP", {}),
        "lossless.webp": (photo, "WEBP", {"lossless": True}),
        "animated.gif": (photo, "GIF", {"save_all": True, "append_images": [_photo(rng), _photo(rng)]}),
        "photo.bmp": (photo, "BMP", {}),
        "photo.tiff": (photo, "TIFF", {}),
        "packed.tiff": (photo, "TIFF", {"compression": "tiff_lzw"}),
        "photo.ppm": (photo, "PPM", {}),
        "icon.ico": (photo, "ICO", {}),
    }
    return {name: _saved(*plan) for name, plan in plans.items()}


def _saved(picture: Image.Image, kind: str, options: dict) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _sounds(rng: np.random.Generator) -> dict[str, bytes]:
    time = np.arange(8_000) / 16_000
    tone = 0.3 * np.sin(2 * np.pi * 440 * time) + rng.normal(0, 0.01, time.size)
    stereo = np.stack([tone, -tone], axis=1)
    return {
        "tone.wav": _sound(tone, 16_000, "WAV", "PCM_16"),
        "float.wav": _float_wav(tone),
        "stereo.wav": _sound(stereo, 44_100, "WAV", "PCM_24"),
        "adpcm.wav": _sound(tone, 16_000, "WAV", "MS_ADPCM"),
        "tone.flac": _sound(tone, 16_000, "FLAC", "PCM_16"),
        "tone.ogg": recording("ogg", tone, "vorbis"),
        "tone.opus": recording("ogg", tone, "libopus"),
        "tone.mp3": _sound(tone, 16_000, "MP3", "MPEG_LAYER_III"),
        "tone.aiff": _sound(tone, 16_000, "AIFF", "PCM_16"),
        "tone.m4a": recording("mp4", tone),
        "film.mp4": recording("mp4", tone, video=True),
        "film.mkv": recording("matroska", tone, video=True),
    }


def _sound(wave: np.ndarray, rate: int, kind: str, subtype: str) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, wave, rate, format=kind, subtype=subtype)
    return stream.getvalue()


def _float_wav(wave: np.ndarray) -> bytes:
    """By hand, since libsndfile notes the time of day in such a file."""
    body = wave.astype("<f4").tobytes()
    form = struct.pack("<IHHIIHH", 16, 3, 1, 16_000, 64_000, 4, 32)
    chunks = b"WAVEfmt " + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def recording(container: str, wave: np.ndarray, codec: str = "aac", video: bool = False) -> bytes:
    """A file with a sound track of 16 kHz and, if asked, eight moving pictures of 64×48.

    Bit-exact: FFmpeg would otherwise write its version and random numbers into it.
    """
    stream = io.BytesIO()
    with av.open(stream, "w", format=container, options={"fflags": "+bitexact"}) as out:
        # FFmpeg calls its own Vorbis encoder, which is stereo, experimental.
        channels = "stereo" if codec == "vorbis" else "mono"
        exact = {"flags": "+bitexact", "strict": "experimental"}
        sound = out.add_stream(codec, rate=16_000, layout=channels, options=exact)
        if video:
            film = out.add_stream("mpeg4", rate=8, options={"flags": "+bitexact"})
            film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
            for i in range(8):
                frame = np.full((48, 64, 3), 30 * i, dtype=np.uint8)
                out.mux(film.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            out.mux(film.encode(None))
        samples = np.ascontiguousarray(wave[None], dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16_000, 0
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return stream.getvalue()


_CSV = "id,title,description,image,colour,price\n" + "".join(
    f'{i},"Bag {i}, red","A ""fine"" bag\nof leather",,red,{i}.50\n' for i in range(12)
)


def _tables(rng: np.random.Generator) -> dict[str, bytes]:
    table = pa.table(
        {
            "id": list(range(12)),
            "title": [f"Bag {i}" for i in range(12)],
            "image": [{"bytes": _saved(_photo(rng), "JPEG", {}), "path": None} for _ in range(12)],
            "price": [i / 2 for i in range(12)],
        }
    )
    stream = io.BytesIO()
    pa.parquet.write_table(table, stream)
    return {
        "products.csv": _CSV.encode(),
        "semicolons.csv": _CSV.replace(",", ";").encode("utf-8-sig"),
        "tabs.tsv": _CSV.replace(",", "\t").replace("red", "红色").encode(),
        "products.parquet": stream.getvalue(),
    }


# Damage

Damage = Callable[[bytes, np.random.Generator], bytes]


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(0, len(content))]


def _beheaded(content: bytes, rng: np.random.Generator) -> bytes:
    return content[rng.integers(1, min(len(content), 200)) :]


def _flipped(content: bytes, rng: np.random.Generator) -> bytes:
    """Up to 40 bits, half of the time near the start, where the sizes are."""
    damaged = bytearray(content)
    reach = min(len(content), 120) if rng.random() < 0.5 else len(content)
    for _ in range(rng.integers(1, 41)):
        damaged[rng.integers(reach)] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def _overwritten(content: bytes, rng: np.random.Generator) -> bytes:
    """A stretch of zeros, of 0xFF or of noise."""
    start = int(rng.integers(len(content)))
    size = int(rng.integers(1, max(2, (len(content) - start) // 2)))
    filler = [bytes(size), b"\xff" * size, rng.bytes(size)][rng.integers(3)]
    return content[:start] + filler + content[start + size :]


def _inserted(content: bytes, rng: np.random.Generator) -> bytes:
    start = int(rng.integers(len(content)))
    return content[:start] + rng.bytes(int(rng.integers(1, 400))) + content[start:]


def _repeated(content: bytes, rng: np.random.Generator) -> bytes:
    start = int(rng.integers(len(content)))
    return content[:start] + content[start : start + 500] * 5 + content[start:]


_DAMAGES: tuple[Damage, ...] = (_cut, _cut, _beheaded, _flipped, _flipped, _overwritten, _inserted, _repeated)


# By hand


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _bmp(width: int, height: int) -> bytes:
    fields = (0, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", *fields)


def _wav(rate: int = 16_000, channels: int = 1, bits: int = 16, claimed: int | None = None) -> bytes:
    body = bytes(32_000)
    size = len(body) if claimed is None else claimed
    block = channels * bits // 8
    fields = (1, channels, rate, rate * block % 2**32, block % 2**16, bits)
    form = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, *fields) + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", min(36 + size, 2**32 - 1)) + form + body


def _by_hand(folder: Path, rng: np.random.Generator) -> Iterator[MalformedCase]:
    yield from _files_by_hand(folder, rng)
    yield from _strings_and_objects(folder, rng)


def _files_by_hand(folder: Path, rng: np.random.Generator) -> Iterator[MalformedCase]:
    tone = 0.3 * np.sin(np.arange(3_200) / 5)
    nan = tone.copy()
    nan[100:110] = np.nan
    photo, song = _saved(_photo(rng), "JPEG", {}), recording("ogg", tone, "vorbis")
    screen = struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0)
    gif = b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0)
    canvas = struct.pack("<IB3x", 10, 2) + b"\xfe\x3f\x00" * 2
    webp = b"WEBPVP8X" + canvas + b"ANIM" + struct.pack("<IIH", 6, 0, 0)
    files = {
        "huge.png": _png(60_000, 60_000),
        "very_huge.png": _png(2**31 - 1, 2**31 - 1),
        "no_width.png": _png(0, 10),
        "long.png": _png(40_000_000, 1),
        "huge.bmp": _bmp(60_000, 60_000),
        "negative.bmp": _bmp(-5, -5),
        "huge.gif": gif + bytes(20),
        "huge.ppm": b"P6 60000 60000 255\n" + bytes(100),
        "huge.webp": b"RIFF" + struct.pack("<I", len(webp)) + webp,
        "dot.png": _saved(Image.new("RGB", (1, 1)), "PNG", {}),
        "dot.gif": _saved(Image.new("P", (1, 1)), "GIF", {}),
        "transparent.png": _saved(Image.new("RGBA", (5, 5)), "PNG", {}),
        "float.tiff": _saved(Image.fromarray(np.full((4, 4), np.nan, dtype=np.float32)), "TIFF", {}),
        "four_gigabytes.wav": _wav(claimed=2**32 - 40),
        "silence.wav": _wav(),
        "no_samples.wav": _sound(np.zeros(0), 16_000, "WAV", "PCM_16"),
        "one_sample.wav": _sound(np.zeros(1), 192_000, "WAV", "PCM_16"),
        "no_rate.wav": _wav(rate=0),
        "one_hertz.wav": _wav(rate=1),
        "many_hertz.wav": _wav(rate=2**32 - 1),
        "studio.wav": _sound(tone, 192_000, "WAV", "PCM_24"),
        "many_channels.wav": _sound(np.tile(tone[:, None], (1, 32)), 48_000, "WAV", "PCM_16"),
        "absurd_channels.wav": _wav(channels=65_535),
        "no_channels.wav": _wav(channels=0),
        "odd_bits.wav": _wav(bits=13),
        "nan.wav": _float_wav(nan),
        "infinite.wav": _float_wav(np.full(800, np.inf)),
        "loud.wav": _float_wav(tone * 1e30),
        "photo_named.wav": photo,
        "song_named.jpg": song,
        "photo_then_song.jpg": photo + song,
        "words_named.jpg": b"red leather handbag",
        "words_named.wav": "红色手提包".encode(),
        "noise.jpg": rng.bytes(20_000),
        "noise.mp3": rng.bytes(20_000),
        "noise.txt": rng.bytes(300),
        "zeros.jpg": bytes(50_000),
        "ff.mp3": b"\xff" * 50_000,
        "empty.jpg": b"",
        "empty.wav": b"",
        "empty.txt": b"",
        "spaces.txt": b" \n\t ",
        "mark.txt": b"\xef\xbb\xbf",
        "utf16.txt": "red bag".encode("utf-16"),
        "gbk.txt": "红色手提包".encode("gbk"),
        "latin.txt": "café crème".encode("latin-1"),
        "nul.txt": b"red\0bag",
        "control.txt": bytes(range(1, 32)),
        "long.txt": b"handbag " * 200_000,
        "chinese_long.txt": ("包" * 20_000).encode(),
        "drawing.svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        "list.m3u8": b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n",
        "join.txt": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "page.pdf": b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n" + bytes(100),
        "office.docx": b"PK\x03\x04" + bytes(100),
        "phone.heic": struct.pack(">I", 24) + b"ftypheic" + bytes(12) + bytes(100),
        "film_header.mp4": struct.pack(">I", 24) + b"ftypisom" + bytes(12) + bytes(100),
        "no_ending": photo[: len(photo) // 2],
        "名字 with spaces é.jpg": photo[:100],
    }
    for name, content in files.items():
        path = folder / name
        path.write_bytes(content)
        yield MalformedCase(name, path)
    sparse = folder / "sparse.mp3"
    with sparse.open("wb") as stream:
        stream.truncate(3_000_000_000)
    yield MalformedCase("a sparse file of 3 GB", sparse)
    yield MalformedCase("a folder", folder)
    loop = folder / "loop.jpg"
    if not loop.is_symlink():
        loop.symlink_to(loop)
    yield MalformedCase("a link to itself", loop)
    yield MalformedCase("a device", Path("/dev/zero"))
    yield MalformedCase("a missing file", folder / "missing.jpg")
    yield MalformedCase("a name of 5,000 letters", folder / ("x" * 5_000 + ".jpg"))
    yield MalformedCase("a name with NUL", Path(f"{folder}/a\0b.jpg"))
    yield MalformedCase("a file as a folder", folder / "dot.png" / "photo.jpg")


def _strings_and_objects(folder: Path, rng: np.random.Generator) -> Iterator[MalformedCase]:
    texts = {
        "nothing": "",
        "spaces": " \t\n",
        "NUL": "red\0bag",
        "a lone surrogate": "red \ud800 bag",
        "undecodable bytes": b"caf\xe9".decode("utf-8", "surrogateescape"),
        "control characters": "\x1b[31mred\x07\x7f",
        "a long text": "handbag " * 100_000,
        "one long word": "x" * 300_000,
        "a missing name": "photo.jpg",
        "a missing path": "./nothing/here",
        "a long missing name": "x" * 4_000 + ".jpg",
        "an address": "https://localhost/a.jpg",
        "emoji": "👜👠",
        "right to left": "\u202eإسود",
        "combining": "e" + "\u0301" * 5_000,
        "punctuation": "!?",
        "option": "--help me",
    }
    for name, text in texts.items():
        yield MalformedCase(f"text: {name}", text)
    objects = {
        "None": None,
        "a number": 7,
        "a list": [1, 2, 3],
        "a mapping": {"image": "x"},
        "empty bytes": b"",
        "bytes": rng.bytes(500),
        "a view": memoryview(b"red bag"),
        "an empty array": np.zeros(0),
        "a scalar array": np.float32(1.0),
        "an array of objects": np.array([None, "x"]),
        "complex samples": np.zeros(100, dtype=complex),
        "NaN samples": np.full(100, np.nan),
        "truth values": np.zeros((8, 8), dtype=bool),
        "a float picture": np.zeros((8, 8, 3)),
        "channels first": np.zeros((3, 8, 8), dtype=np.uint8),
        "no height": np.zeros((0, 8, 3), dtype=np.uint8),
        "five dimensions": np.zeros((1, 1, 1, 1, 1), dtype=np.uint8),
        "unsigned samples": np.zeros(100, dtype=np.uint8),
        "rate zero": (np.zeros(100), 0),
        "rate below zero": (np.zeros(100), -5),
        "a rate of 10 GHz": (np.zeros(100), 10**10),
        "no channels": (np.zeros((100, 0)), 16_000),
        "a pair of words": ("red", "bag"),
        "no samples": (np.zeros(0), 44_100),
        "a picture without pixels": Image.new("RGB", (0, 0)),
        "an unusual picture": Image.new("LAB", (4, 4)),
        "a picture of floats": Image.new("F", (4, 4), float("inf")),
    }
    for name, thing in objects.items():
        yield MalformedCase(f"object: {name}", thing)


def _tables_by_hand(folder: Path) -> Iterator[MalformedCase]:
    contents = {
        "empty.csv": b"",
        "blank.csv": b"\n\n  \n",
        "header.csv": b"id,title\n",
        "wrong_columns.csv": b"sku;name\n1;bag\n",
        "twice.csv": b"title,title\nred,bag\n",
        "no_header.csv": b"1,Red bag,20\n2,Blue bag,30\n",
        "ragged.csv": b"id,title,price\n1,Bag\n2,Bag,3,4,5\n3,Bag,4\n",
        "only_ragged.csv": b"id,title,price\n1,Bag\n2\n",
        "same_ids.csv": b"id,title\n1,Bag\n1,Shoe\n,Hat\n",
        "nothing_to_find.csv": b"id,title,price\n1,,3\n2, ,4\n",
        "missing_files.csv": b"title,image,audio\nBag,no.jpg,no.wav\n,no.jpg,\n,http://localhost/a.jpg,\n",
        "long_names.csv": b"title,image\nBag," + b"x" * 5_000 + b".jpg\nBag,a\0b.jpg\n",
        "open_quote.csv": b'id,title\n1,"Bag\n2,Shoe\n3,Hat\n',
        "many_open_quotes.csv": b"id,title\n" + b'1,"Bag\n' * 20_001,
        "bad_quotes.csv": b'id,title\n1,"5" heel"\n2,Shoe\n',
        "open_header.csv": b'id,"title\n1,Bag\n',
        "long_cell.csv": b"id,title\n1," + b"x" * 200_000 + b"\n2,Shoe\n",
        "wide.csv": b"title," + b",".join(b"c%d" % i for i in range(5_000)) + b"\nBag" + b"," * 5_000 + b"\n",
        "utf16.csv": "id,title\n1,Bag\n".encode("utf-16"),
        "gbk.csv": "id,title\n1,红色手提包\n".encode("gbk"),
        "latin.csv": "id,title\n1,café\n".encode("latin-1"),
        "nul.csv": b"id,title\n1,a\0b\n2,Shoe\n",
        "zeros.csv": bytes(10_000),
        "old_mac.csv": b"id,title\r1,Bag\r2,Shoe\r",
        "odd_numbers.csv": b"title,price\nBag,1e999\nBag,nan\nBag,-0\nBag,1_000\nBag,.\n",
        "photo.csv": _saved(Image.new("RGB", (9, 9)), "JPEG", {}),
        "only_mark.parquet": b"PAR1",
        "marks.parquet": b"PAR1" + bytes(100) + b"PAR1",
        "text.parquet": b"id,title\n1,Bag\n",
    }
    for name, content in contents.items():
        path = folder / name
        path.write_bytes(content)
        yield MalformedCase(name, path, is_table=True)
    stream = io.BytesIO()
    pa.parquet.write_table(pa.table({"sku": [1], "when": [None]}), stream)
    other = folder / "other.parquet"
    other.write_bytes(stream.getvalue())
    yield MalformedCase(other.name, other, is_table=True)
    yield MalformedCase("a folder as a table", folder, is_table=True)
    yield MalformedCase("a missing table", folder / "missing.csv", is_table=True)
    yield MalformedCase("a table with a long name", folder / ("x" * 5_000 + ".csv"), is_table=True)
    yield MalformedCase("a table with NUL in its name", Path(f"{folder}/a\0b.csv"), is_table=True)
