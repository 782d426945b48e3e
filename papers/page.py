"""A paper as a page: HTML without a script, in light and dark, on a screen and on paper. Pure.

The page asks nobody for anything: its one style is inside it and allowed by its hash, so that a copy
in a folder looks the same in ten years.
"""

import base64
import hashlib
from html import escape

from papers.leaf import Block, Leaf
from papers.words import RIGHT_TO_LEFT

MEDIA_TYPE = "text/html; charset=utf-8"
STYLE = """
:root { color-scheme: light dark; --ink: #181c24; --pale: #525a68; --rule: #ced4de; --paper: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eef1f6; --pale: #b3bccb; --rule: #424a58; --paper: #14171d; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.05rem; margin: 1.75rem 0 .4rem; padding-bottom: .25rem; border-bottom: 1px solid var(--rule); }
dl { display: grid; grid-template-columns: minmax(7rem, 14rem) 1fr; gap: .2rem 1rem; margin: 0; }
dt, th { color: var(--pale); font-weight: 400; text-align: start; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
td, th { padding: .2rem 0; text-align: start; overflow-wrap: anywhere; }
td:last-child, th:last-child { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.sum td { border-top: 1px solid var(--rule); font-weight: 600; }
p { color: var(--pale); margin: .4rem 0; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@media print {
  :root { --ink: #000; --pale: #333; --rule: #999; --paper: #fff; color-scheme: light; }
  main { max-width: none; padding: 0; }
  h2, tr, dt { break-after: avoid; }
}
"""
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy that a page is sent with (CSP Level 3)."""


def page_of(leaf: Leaf) -> str:
    """The paper as one HTML document."""
    direction = "rtl" if leaf.language in RIGHT_TO_LEFT else "ltr"
    note = f"<p>{escape(leaf.note)}</p>\n" if leaf.note else ""
    blocks = "".join(_block(block) for block in leaf.blocks)
    return (
        f'<!doctype html>\n<html lang="{leaf.language}" dir="{direction}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(leaf.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(leaf.title)}</h1>\n{blocks}{note}"
        "</main>\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    heading = f"<section>\n<h2>{escape(block.heading)}</h2>\n"
    rows = "" if not block.rows else _table(block) if block.columns else _list(block)
    note = "" if block.note is None else f"<p>{escape(block.note)}</p>\n"
    return f"{heading}{rows}{note}</section>\n"


def _list(block: Block) -> str:
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd><bdi>{escape(said)}</bdi></dd>\n" for name, said in block.rows
    )
    return f"<dl>\n{rows}</dl>\n"


def _table(block: Block) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in block.columns)
    body = ""
    for number, row in enumerate(block.rows):
        is_sum = number >= len(block.rows) - block.sums
        cells = "".join(f"<td><bdi>{escape(cell)}</bdi></td>" for cell in row)
        body += f'<tr class="sum">{cells}</tr>\n' if is_sum else f"<tr>{cells}</tr>\n"
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"
