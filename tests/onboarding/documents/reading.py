"""What a PDF of ours says: `text_of(content)`. Its text is written as glyph numbers, with a table for each font."""

import re
import zlib

OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\s(.*?)\nendobj", re.S)
STREAM = re.compile(rb"/Length (\d+)\b.*?\bstream\r?\n", re.S)
# A font is chosen, or glyphs are shown.
OPERATION = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:[^\\()]|\\.)*)\) Tj", re.S)
ESCAPES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(content: bytes) -> str:
    """All texts, each on a line of its own."""
    objects = {int(number): body for number, body in OBJECT.findall(content)}
    fonts = _fonts(objects)
    said = []
    for body in objects.values():
        stream, font = _stream(body), ""
        if b" Tj" not in stream:
            continue
        for chosen, glyphs in OPERATION.findall(stream):
            font = chosen.decode() or font
            if not chosen:
                said.append(_decoded(glyphs, fonts[font]))
    return "\n".join(said)


def _stream(body: bytes) -> bytes:
    found = STREAM.search(body)
    if not found:
        return b""
    # By its length: what is packed may well end in what looks like the end of a line.
    content = body[found.end() : found.end() + int(found[1])]
    return zlib.decompress(content) if b"FlateDecode" in body[: found.end()] else content


def _fonts(objects: dict[int, bytes]) -> dict[str, dict[int, str]]:
    named = {name: number for body in objects.values() for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", body)}
    return {name.decode(): _characters(objects, objects[int(number)]) for name, number in named.items()}


def _characters(objects: dict[int, bytes], font: bytes) -> dict[int, str]:
    found = re.search(rb"/ToUnicode (\d+) 0 R", font)
    assert found, "a font whose text cannot be copied"
    pairs = re.findall(rb"<(\w{4})> <(\w+)>", _stream(objects[int(found[1])]))
    return {int(glyph, 16): bytes.fromhex(code.decode()).decode("utf-16-be") for glyph, code in pairs}


def _decoded(glyphs: bytes, font: dict[int, str]) -> str:
    plain = re.sub(rb"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), glyphs, flags=re.S)
    return "".join(font[plain[at] * 256 + plain[at + 1]] for at in range(0, len(plain), 2))
