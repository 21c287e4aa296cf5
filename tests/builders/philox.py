"""Random numbers in plain Python, from their papers: what NumPy's generator is held against."""

from collections.abc import Iterator

_MULTIPLIERS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
_WEYL = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
_WORD = 2**64


def words(seed: int, stream: int, counter: int = 0) -> Iterator[int]:
    """Philox4x64-10 (Salmon et al. 2011, section 5.3), keyed; four words of 64 bits a counter.

    NumPy adds one to the counter before it makes the first four.
    """
    while True:
        counter += 1
        c = [counter >> 64 * place & _WORD - 1 for place in range(4)]
        key = [seed, stream]
        for _ in range(10):
            first, second = _MULTIPLIERS[0] * c[0], _MULTIPLIERS[1] * c[2]
            c = [
                second // _WORD ^ c[1] ^ key[0],
                second % _WORD,
                first // _WORD ^ c[3] ^ key[1],
                first % _WORD,
            ]
            key = [(k + weyl) % _WORD for k, weyl in zip(key, _WEYL, strict=True)]
        yield from c


def fractions(seed: int, stream: int) -> Iterator[float]:
    """Uniform in [0, 1): the upper 53 bits of each word."""
    for word in words(seed, stream):
        yield (word >> 11) * 2.0**-53


def halves(seed: int, stream: int, counter: int = 0) -> Iterator[int]:
    """Words of 32 bits, the lower half first."""
    for word in words(seed, stream, counter):
        yield word % 2**32
        yield word >> 32


def quarters(seed: int, stream: int, counter: int = 0) -> Iterator[int]:
    """Words of 16 bits, the lowest first."""
    for half in halves(seed, stream, counter):
        yield half % 2**16
        yield half >> 16


def permutation(seed: int, stream: int, samples: int) -> list[int]:
    """Fisher and Yates from the end (Knuth, Algorithm P): as many bits as a place has, or again."""
    drawn = halves(seed, stream)
    order = list(range(samples))
    for last in range(samples - 1, 0, -1):
        bits = 2 ** last.bit_length()
        while (other := next(drawn) % bits) > last:
            pass
        order[last], order[other] = order[other], order[last]
    return order
