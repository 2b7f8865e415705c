"""Text from strangers, made visible: what could hide, turn or fake is written out.

- Control and bidirectional characters appear as `[U+202E]`; line breaks and tabs stay.
- A name whose letters come from several scripts is flagged, because look-alikes do that.

Source: docs/spec/20-faces.md section 5; Unicode Standard Annex 9, Unicode Technical Standard 39.
"""

import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # no glyph of their own
KEPT = frozenset("\n\t")
TOGETHER = (  # scripts that one language writes side by side
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "LATIN"}),
    frozenset({"CJK", "HANGUL", "LATIN"}),
    frozenset({"CJK", "BOPOMOFO", "LATIN"}),
)


def visible(text: str) -> str:
    """Return `text` with each character that has no glyph written as its code point."""
    if text.isprintable():
        return text
    return "".join(
        f"[U+{ord(char):04X}]"
        if char not in KEPT and unicodedata.category(char) in HIDDEN
        else char
        for char in text
    )


def mixes_scripts(name: str) -> bool:
    """Return whether letters of scripts that no language mixes stand in `name`."""
    scripts = frozenset(_script(char) for char in name if char.isalpha())
    return len(scripts) > 1 and not any(scripts <= group for group in TOGETHER)


def _script(letter: str) -> str:
    """Return the first word of a letter's Unicode name, which is its script."""
    return unicodedata.name(letter, "UNKNOWN").partition(" ")[0].partition("-")[0]
