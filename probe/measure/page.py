"""What is read of a page's bytes: its text, its title. Pure, and never raises."""

from __future__ import annotations

import codecs
import html
import re
import zlib
from contextlib import suppress

from probe.measure.failure import CONTROLS
from probe.measure.scrub import scrub

LONGEST_TITLE = 200

_OPENING = re.compile(rb"<title(?:\s[^<>]{0,500})?>", re.IGNORECASE)
_CLOSING = re.compile(rb"</title", re.IGNORECASE)
_TITLE_WITHIN = 4096  # bytes; the patterns are bounded so that a hostile page costs no more
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_PARAMETER = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_META_WITHIN = 1024  # bytes, by the HTML standard
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_A_CHARSET = {
    *("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"),
    "utf_7",  # which the HTML standard forbids, and which is slow where it is malformed
}
"""Python's codecs that are no charset of a page."""
_ZLIB_OR_GZIP, _BARE = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS


def plain(body: bytes, encoding: str, most: int) -> bytes:
    """Undo a compression that nobody asked for; what cannot be undone stays as it is."""
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return body
    for form in (_ZLIB_OR_GZIP, _BARE):  # many take deflate for the bare stream, as browsers do
        with suppress(zlib.error):
            return zlib.decompressobj(wbits=form).decompress(body, most)
    return body


def charset(body: bytes, content_type: str) -> str:
    """Name the page's charset: byte-order mark, then header, then <meta>, else UTF-8."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return name
    parameter = _PARAMETER.search(content_type)
    if parameter:
        return parameter.group(1)
    meta = _META.search(body[:_META_WITHIN])
    return meta.group(1).decode("ascii", "replace") if meta else "utf-8"


def text(body: bytes, name: str) -> str:
    """Decode; a charset that nobody knows is read as UTF-8."""
    try:
        if codecs.lookup(name).name.replace("-", "_") not in _NOT_A_CHARSET:
            return body.decode(name, "replace")
    except (LookupError, ValueError):
        pass
    return body.decode("utf-8", "replace")


def title(body: bytes, name: str) -> str:
    """Read the first <title>, white space folded, addresses removed, at most 200 characters."""
    wide = name.lower().startswith(("utf-16", "utf_16"))
    source = text(body, name).encode() if wide else body
    opening = _OPENING.search(source)
    if opening is None:
        return ""
    start = opening.end()
    closing = _CLOSING.search(source, start, start + _TITLE_WITHIN)
    if closing is None:
        return ""
    words = html.unescape(text(source[start : closing.start()], "utf-8" if wide else name))
    return scrub(" ".join(words.split()).translate(CONTROLS))[:LONGEST_TITLE]
