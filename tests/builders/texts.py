"""Texts that a terminal or a page must not get as they are."""

HARMFUL = [
    "\x1b[31m2.0\x1b[0m",
    "one\ntwo\r\nthree\tfour",
    "\x1b]0;title\x07after",
    "\x1bP1;2|data\x1b\\after",
    "\x9b2Jcleared",
    "a\u202eb\u2066c\u2028d\u2029e",
    "a\ufffeb\uffffc\ufdd0d\ufeffe",
    "\x00\x07\x08\x7f\x85",
    "x [/a] y",
    "\x1b" * 100 + "[31m",
]
