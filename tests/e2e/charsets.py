"""What each character set of MySQL and MariaDB can hold, from Python's codecs where there is one.

The servers' tables are older than some of Python's: `LACKS` are characters that the server does not know in a set,
`DIFFERS` bytes that stand for another character there (MySQL's sql/share/charsets/*.xml).
"""

from __future__ import annotations

SINGLE = {
    **dict.fromkeys(["ascii", "cp850", "cp852", "cp866", "cp1250", "cp1251", "cp1256", "cp1257"]),
    "latin1": "cp1252",
    "latin2": "iso8859_2",
    "latin5": "iso8859_9",
    "latin7": "iso8859_13",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "greek": "iso8859_7",
    "hebrew": "iso8859_8",
    "tis620": "tis_620",
    "macroman": "mac_roman",
    "macce": "mac_latin2",
    "hp8": "hp_roman8",
}
MULTI = {
    "big5": "big5",
    "gbk": "gbk",
    "gb18030": "gb18030",
    "gb2312": "gb2312",
    "sjis": "shift_jis",
    "cp932": "cp932",
    "ujis": "euc_jp",
    "eucjpms": "euc_jp",
    "euckr": "euc_kr",
}
# Sets that Python has no codec for: letters of their own.
SAMPLES = {
    "dec8": "\u00c0\u00d6\u0152\u00ff\u00bf\u00a4",
    "swe7": "\u00c5\u00c4\u00d6\u00e5\u00e4\u00f6\u00c9\u00e9\u00dc",
    "armscii8": "\u0531\u0561\u0586\u2014",
    "geostd8": "\u10d0\u10d1\u10f0",
    "keybcs2": "\u010c\u00e9\u017e\u013d\u0148",
}
BASIC = {"utf8mb3", "ucs2"}  # U+0000 to U+FFFF
FULL = {"utf8mb4", "utf16", "utf16le", "utf32"}
LACKS = {
    "big5": "\u02cd\u2574\uffe3",
    "sjis": "\uff3c",
    "cp932": "\x80\uf8f0\uf8f1\uf8f2\uf8f3\u6661",
    "ujis": "\uff3c",
    "eucjpms": "\u00a2\u00a3\u00a6\u00ac\u2016\u2212\u301c",
    "cp1256": bytes.fromhex("8a8f989a9faac0ff").decode("cp1256"),
    "greek": "\u20ac\u20af\u037a",
    "tis620": "\u00a0",
}
DIFFERS = {
    "cp866": {0xFC: "\u207f", 0xFD: "\u00b2"},
    "koi8u": {0x95: "\u2022"},
    "greek": {0xA1: "\u02bd", 0xA2: "\u02bc"},
    "hebrew": {0xAF: "\u203e"},
    "latin1": {byte: chr(byte) for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)},
}
# Bytes that the set's own table leaves out; a column holds them all the same when a client says that they are right.
UNKNOWN = {
    "cp1250": "81",
    "cp1251": "98",
    "cp1256": "8a",
    "cp1257": "a1",
    "dec8": "a4",
    "geostd8": "81",
    "greek": "a4",
    "hebrew": "d0",
    "hp8": "ff",
    "swe7": "e9",
    "tis620": "a0",
    "sjis": "85a9",
    "gb2312": "a2a1",
}


def bytes_of(charset: str) -> tuple[bytes, str]:
    """Every byte of a single-byte set that stands for a character, and these characters."""
    codec = SINGLE[charset] or charset
    pairs = [(byte, _character(charset, codec, byte)) for byte in range(256)]
    known = [(byte, character) for byte, character in pairs if character]
    return bytes(byte for byte, _ in known), "".join(character for _, character in known)


def _character(charset: str, codec: str, byte: int) -> str:
    differs = DIFFERS.get(charset, {})
    found = differs[byte] if byte in differs else bytes([byte]).decode(codec, "ignore")
    return "" if found in LACKS.get(charset, "") else found


def characters_of(charset: str) -> str:
    """The characters of any other set: every one of the basic plane, and samples of the planes beyond it."""
    if charset in SAMPLES:
        return SAMPLES[charset]
    plane = "".join(chr(n) for n in range(0x10000) if not 0xD800 <= n < 0xE000)
    if charset in MULTI:
        lacks = LACKS.get(charset, "")
        codec = MULTI[charset]
        # One by one: Python's EUC-KR joins some letters that follow each other.
        known = (c for c in plane if c.encode(codec, "ignore").decode(codec, "ignore") == c)
        return "".join(c for c in known if c not in lacks) + ("\U0001f600\U0010ffff" if charset == "gb18030" else "")
    if charset in BASIC:
        return plane
    beyond = [*range(0x10000, 0x110000, 0x101), 0x1F600, 0x1F1E9, 0x1F1EA, 0x10FFFF]
    return plane + "".join(map(chr, beyond))


def word_of(charset: str) -> str:
    """A short text with letters of the set's own, and with signs that SQL, templates and JSON must not trip over."""
    text = bytes_of(charset)[1] if charset in SINGLE else characters_of(charset)
    letters = [c for c in text if c.isalpha() and (charset == "ascii" or not c.isascii())]
    tricky = {"sjis": "\u8868", "cp932": "\u8868", "big5": "\u529f", "gbk": "\u8a8c"}.get(charset, "")
    return tricky + letters[0] + letters[len(letters) // 2] + "'#\"%" + letters[-1]
