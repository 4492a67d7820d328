"""Escaping of text from files, folders and data sets, so that a file's name cannot control the terminal."""


def printable(text: object, keep: str = "") -> str:
    r"""Return a text in which every character that is not printable is escaped, as Python writes it in a string.

    A name may hold a newline, which would forge a line of a log, a terminal's control sequence, a mark that reverses
    the direction of writing, or bytes that are not UTF-8, which cannot be written to a file of text at all.

    >>> printable("a\x1b[31m.png")
    'a\\x1b[31m.png'

    Args:
        text: a name, a path or any other object, which is turned into text.
        keep: characters that stay as they are although they are not printable, such as newlines between lines.
    """
    return "".join(each if each.isprintable() or each in keep else _escaped(each) for each in str(text))


def _escaped(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # how Python keeps a byte of a file's name that is not UTF-8
        return f"\\x{number - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
