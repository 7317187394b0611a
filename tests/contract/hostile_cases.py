"""Replies that no server should give, and what the HTTP client must make of each."""

from __future__ import annotations

import gzip
import zlib

from tests.contract.hostile import (
    Act,
    Case,
    below_tls,
    drip,
    endless,
    finish,
    head,
    no_response,
    pause,
    reset_after,
    then,
)

OK = b'{"Response":{"ErrorCode":"0","Result":{"PaymentStatus":"A"}}}'
LENGTH = f"Content-Length: {len(OK)}"
CHUNKED = "Transfer-Encoding: chunked"
GOOD = head("200 OK", LENGTH, body=OK)
MEGABYTE = b"z" * 1024 * 1024
BOMB = gzip.compress(b"\0" * 32 * 1024 * 1024)
LINES = [f"X-{number}: 1" for number in range(20_000)]
PREFACE = b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)  # HTTP/2: a frame of settings
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"  # TLS: fatal, the handshake failed
MAYBE, NOT = "MaybeSent", "NotSent"


def encoded(coding: str, body: bytes, status: str = "200 OK") -> bytes:
    length = f"Content-Length: {len(body)}"
    return head(status, "Location: /x", f"Content-Encoding: {coding}", length, body=body)


def chunks(body: bytes) -> bytes:
    return head("200 OK", CHUNKED, body=body)


def redirect(location: str) -> Case:
    """A redirect is an answer like any other, wherever it leads."""
    act = head("302 Found", f"Location: {location}", "Content-Length: 0")
    return Case(act, "302 whole", "302")


def whole(act: bytes | Act) -> Case:
    return Case(act, "200 whole", "200")


def broken_body(act: bytes | Act, *, slow: bool = False) -> Case:
    """The head is good: a delivery counts, an answer does not."""
    return Case(act, MAYBE, "200", slow=slow)


def no_head(act: bytes | Act, *, slow: bool = False) -> Case:
    return Case(act, MAYBE, MAYBE, slow=slow)


REDIRECTS = {
    "redirect to elsewhere": redirect("https://x.example/"),
    "redirect to a broken IPv6 address": redirect("https://[bad"),
    "redirect to Cyrillic in cp1251": redirect("/\xf0\xe0\xe1\xee\xf2\xfb"),
    "redirect to a port that is none": redirect("https://x:99999999/"),
    "redirect to a sign that normalises to another": redirect("https://a\xe2\x84\x80b/"),
    "redirect to nowhere": redirect(""),
    "redirect twice in one head": redirect("/a\r\nLocation: /b"),
    "redirect with a body without end": Case(
        endless(head("302 Found", "Location: /x"), MEGABYTE), "302 cut", "302"
    ),
    "redirect with a gzip bomb": Case(encoded("gzip", BOMB, "302 Found"), "302 cut", "302"),
}

BODIES = {
    "a good reply": whole(GOOD),
    "a body without end": Case(endless(head("200 OK"), MEGABYTE), "200 cut", "200"),
    "an error with a body without end": Case(endless(head("500 Oops"), MEGABYTE), "500 cut", "500"),
    "a gzip body though none was asked for": whole(encoded("gzip", gzip.compress(OK))),
    "a deflate body though none was asked for": whole(encoded("deflate", zlib.compress(OK))),
    "a gzip bomb": Case(encoded("gzip", BOMB), "200 cut", "200"),
    "a gzip bomb in a gzip": whole(encoded("gzip, gzip", gzip.compress(BOMB))),
    "seven codings": whole(encoded(", ".join(["gzip"] * 7), OK)),
    "a coding that does not exist": whole(encoded("x-none", OK)),
    "brotli that is none": whole(encoded("br", OK)),
    "gzip that is none": broken_body(encoded("gzip", OK)),
    "deflate that is none": broken_body(encoded("deflate", OK)),
    "gzip members that hold nothing": broken_body(encoded("gzip", gzip.compress(b"") * 50_000)),
    "gzip of nothing": whole(encoded("gzip", b"")),
    "length: letters": whole(head("200 OK", "Content-Length: abc", body=OK)),
    "length: negative": whole(head("200 OK", "Content-Length: -5", body=OK)),
    "length: five thousand digits": whole(head("200 OK", f"Content-Length: {'9' * 5000}", body=OK)),
    "length: two in a line": no_head(head("200 OK", "Content-Length: 5, 6", body=OK)),
    "length: two that differ": no_head(head("200 OK", "Content-Length: 5", LENGTH, body=OK)),
    "length: two that agree": whole(head("200 OK", LENGTH, LENGTH, body=OK)),
    "length: more than comes": broken_body(head("200 OK", "Content-Length: 99", body=OK)),
    "length: a terabyte": broken_body(head("200 OK", f"Content-Length: {1 << 40}", body=OK)),
    "length: less than comes": whole(head("200 OK", "Content-Length: 2", body=OK)),
    "length: folded": whole(head("200 OK", "Content-Length:", f" {len(OK)}", body=OK * 2)),
    "length: beside chunks": whole(
        head("200 OK", LENGTH, CHUNKED, body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(OK), OK))
    ),
    "chunks: good": whole(chunks(b"%x\r\n%s\r\n0\r\n\r\n" % (len(OK), OK))),
    "chunks: of one byte": whole(chunks(b"1\r\n \r\n" * 9_000 + b"0\r\n\r\n")),
    "chunks: no number": broken_body(chunks(b"zz\r\nfoo\r\n")),
    "chunks: negative": broken_body(chunks(b"-5\r\nfoo\r\n0\r\n\r\n")),
    "chunks: minus one, without end": broken_body(endless(chunks(b"-1\r\n"), MEGABYTE)),
    "chunks: a huge number": broken_body(chunks(b"ffffffffffffffffffff\r\nfoo\r\n0\r\n\r\n")),
    "chunks: cut in one": broken_body(chunks(b"ff\r\nfoo")),
    "chunks: cut between two": broken_body(chunks(b"3\r\nfoo\r\n")),
    "chunks: reset in one": broken_body(reset_after(chunks(b"ff\r\nfoo"))),
    "chunks: an extension without end": broken_body(endless(chunks(b"3;"), MEGABYTE)),
    "chunks: extensions of a megabyte": broken_body(
        endless(chunks(b""), b"3;%s\r\nfoo\r\n" % MEGABYTE)
    ),
    "chunks: extensions in every one": broken_body(
        endless(chunks(b""), b"1;%s\r\n \r\n" % (b"e" * 60_000))
    ),
    "chunks: trailers without end": broken_body(
        endless(chunks(b"2\r\n{}\r\n0\r\n"), b"X-Trailer: 1\r\n" * 1000)
    ),
    "chunks: empty lines without end": broken_body(endless(chunks(b""), b"\r\n" * 1000)),
    "a body though the status has none": Case(
        head("204 No Content", "Content-Length: 5", body=b"hello"), "204 whole", "204"
    ),
}

HEADS = {
    "no reply at all": no_head(b""),
    "half a status line": no_head(b"HTTP/1.1 20"),
    "a status line alone": no_head(b"HTTP/1.1 200 OK\r\n"),
    "half a head": no_head(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
    "half a header": no_head(b"HTTP/1.1 200 OK\r\nContent-Length: 0"),
    "a head ended by one carriage return": no_head(b"HTTP/1.1 200 OK\r\n\r"),
    "lines that end without carriage return": whole(GOOD.replace(b"\r\n", b"\n")),
    "lines that end without line feed": no_head(GOOD.replace(b"\r\n", b"\r")),
    "a carriage return in a header": whole(head("200 OK", "X: a\rContent-Length: 1", body=OK)),
    "a folded header": whole(head("200 OK", "X: a", "\tb", " c", LENGTH, body=OK)),
    "a header without colon": whole(head("200 OK", "foo bar", ": x", LENGTH, body=OK)),
    "zero bytes in a header": whole(head("200 OK", "A\0: b\0", LENGTH, body=OK)),
    "a blank line before the status": no_head(b"\r\n" + GOOD),
    "two hundred headers": whole(head("200 OK", *LINES[:200], LENGTH, body=OK)),
    "twenty thousand headers": whole(head("200 OK", *LINES, LENGTH, body=OK)),
    "twenty thousand lengths": no_head(head("200 OK", *(["Content-Length: 2"] * 10_000))),
    "a header of 100 KB": whole(head("200 OK", f"X: {'a' * 100_000}", LENGTH, body=OK)),
    "a header without end": no_head(endless(b"HTTP/1.1 200 OK\r\nX: ", MEGABYTE)),
    "headers without end": no_head(endless(b"HTTP/1.1 200 OK\r\n", b"a\n" * 10_000)),
    "folds without end": no_head(endless(b"HTTP/1.1 200 OK\r\nX: a\r\n", b" \r\n" * 10_000)),
    "blanks without end": no_head(endless(b"HTTP/1.1 200 OK\r\nContent-Length:", b" " * 65_536)),
    "cookies that are none": whole(
        head("200 OK", "Set-Cookie: \xff=\xfe; expires=Foo; Max-Age=9" + "9" * 20, LENGTH, body=OK)
    ),
    "cookies of another version": whole(
        head("200 OK", 'Set-Cookie2: a=b; Version="x"; Max-Age=zz', LENGTH, body=OK)
    ),
    "a content type that is none": whole(
        head("200 OK", "Content-Type: text/html; charset*=\xff''x", LENGTH, body=OK)
    ),
    "no HTTP": no_head(b"hello world\r\n"),
    "HTTP of another kind": no_head(b"ICY 200 OK\r\n\r\n"),
    "HTTP/0.9": no_head(OK),
    "HTTP/2 in words": no_head(b"HTTP/2 200\r\n\r\n"),
    "HTTP/2 in frames": no_head(PREFACE * 10),
    "status 999": Case(head("999 Foo", "Content-Length: 0"), "999 whole", "999"),
    "status 000": no_head(head("000 Foo", "Content-Length: 0")),
    "status 0200": no_head(head("0200 Foo", "Content-Length: 0")),
    "status 99": no_head(head("99 Foo", "Content-Length: 0")),
    "status 2000": no_head(head("2000 Foo", "Content-Length: 0")),
    "status +200": no_head(head("+200 Foo", "Content-Length: 0")),
    "status 2_00": no_head(head("2_00 Foo", "Content-Length: 0")),
    "status in letters": no_head(head("abc OK")),
    "status in Arabic digits": no_head("HTTP/1.1 ٢٠٠ OK\r\n\r\n".encode()),
    "status in raised digits": no_head(b"HTTP/1.1 \xb2\xb0\xb0 OK\r\n\r\n"),
    "status without a reason": whole(head("200", LENGTH, body=OK)),
    "status with bytes as a reason": whole(head("200 \x00\x85\xff\x1c", LENGTH, body=OK)),
    "early hints first": whole(head("103 Early Hints", "Link: x") + GOOD),
    "ninety interim replies first": whole(head("102 Processing") * 90 + GOOD),
    "interim replies without end": no_head(endless(b"", head("100 Continue") * 50)),
    "an interim reply only": no_head(head("100 Continue")),
    "a switch of protocols": Case(head("101 Switching", "Upgrade: x"), "101 whole", "101"),
}

STAGES = {
    "closed before the request is read": Case(finish, MAYBE, MAYBE, at_once=True),
    "reset before the request is read": Case(reset_after(b""), MAYBE, MAYBE, at_once=True),
    "answered before the request is read": Case(
        then(GOOD, finish), "200 whole", "200", at_once=True
    ),
    "reset after the request": no_head(reset_after(b"")),
    "reset in the status line": no_head(reset_after(b"HTTP/1.1 20")),
    "reset in the head": no_head(reset_after(b"HTTP/1.1 200 OK\r\nContent-Le")),
    "reset in the body": broken_body(reset_after(head("200 OK", LENGTH, body=OK[:9]))),
    "a head in two pieces": whole(then(GOOD[:20], pause, GOOD[20:])),
    "no answer": no_head(no_response, slow=True),
    "a head that drips": no_head(drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), slow=True),
    "a status line that drips": no_head(drip(b"", b"HTTP/1.1 200 OK"), slow=True),
    "interim replies that drip": no_head(drip(b"", head("100 Continue")), slow=True),
    "a body that drips": broken_body(drip(head("200 OK"), b" "), slow=True),
    "a body with a length that drips": broken_body(
        drip(head("200 OK", "Content-Length: 999"), b" "), slow=True
    ),
    "a chunk's size that drips": broken_body(drip(chunks(b""), b"0"), slow=True),
    "a trailer that drips": broken_body(drip(chunks(b"0\r\n"), b"X: y\r\n"), slow=True),
    "a gzip body that drips": broken_body(
        drip(head("200 OK", "Content-Encoding: gzip"), gzip.compress(b"")), slow=True
    ),
}

TLS = {
    "TLS: a good reply": Case(GOOD, "200 whole", "200", tls=True),
    "TLS: plain text instead of a handshake": Case(GOOD, NOT, NOT, raw=True),
    "TLS: an alert instead of a handshake": Case(ALERT, NOT, NOT, raw=True),
    "TLS: closed instead of a handshake": Case(finish, NOT, NOT, raw=True),
    "TLS: reset instead of a handshake": Case(reset_after(b""), NOT, NOT, raw=True),
    "TLS: reset in the handshake": Case(reset_after(b"\x16\x03\x03\x40"), NOT, NOT, raw=True),
    "TLS: no answer to the handshake": Case(no_response, NOT, NOT, raw=True, slow=True),
    "TLS: a handshake that drips": Case(
        drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\0"), NOT, NOT, raw=True, slow=True
    ),
    "TLS: closed after the handshake": Case(finish, MAYBE, MAYBE, tls=True, at_once=True),
    "TLS: reset after the handshake": Case(reset_after(b""), MAYBE, MAYBE, tls=True, at_once=True),
    "TLS: an alert instead of a reply": Case(below_tls(ALERT), MAYBE, MAYBE, tls=True),
    "TLS: plain text instead of a reply": Case(below_tls(GOOD), MAYBE, MAYBE, tls=True),
    "TLS: an alert in the head": Case(then(GOOD[:30], below_tls(ALERT)), MAYBE, MAYBE, tls=True),
    "TLS: an alert in the body": Case(
        then(GOOD[:-9], pause, below_tls(ALERT)), MAYBE, "200", tls=True
    ),
    "TLS: closed in the head": Case(then(GOOD[:30], finish), MAYBE, MAYBE, tls=True),
    "TLS: a body without end": Case(endless(head("200 OK"), MEGABYTE), "200 cut", "200", tls=True),
    "TLS: a head that drips": Case(
        drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), MAYBE, MAYBE, tls=True, slow=True
    ),
}

CASES = {**REDIRECTS, **BODIES, **HEADS, **STAGES, **TLS}
# Odd as it is, the answer in it arrives as it was meant.
READABLE = {name for name, case in CASES.items() if case.read == "200 whole"} - {
    "a gzip bomb in a gzip",
    "chunks: of one byte",
    "gzip of nothing",
    "length: less than comes",
}
# What could make a client grow: each is measured in a process of its own.
BIG = [
    "redirect with a body without end",
    "redirect with a gzip bomb",
    "a body without end",
    "a gzip bomb",
    "a gzip bomb in a gzip",
    "gzip members that hold nothing",
    "chunks: minus one, without end",
    "chunks: extensions of a megabyte",
    "a header without end",
    "headers without end",
    "interim replies without end",
    "TLS: a body without end",
]
