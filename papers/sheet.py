"""A paper as a sheet: PDF, A4. The same paper gives the same bytes."""

from fpdf.fonts import FontFace

from foundation.paper import INK, Paper
from papers.leaf import Block, Leaf
from papers.words import RIGHT_TO_LEFT, say

MEDIA_TYPE = "application/pdf"
LAST_COLUMN_OF_12 = 3


def sheet_of(leaf: Leaf) -> bytes:
    """The paper as a PDF file."""
    pdf = _Sheet(leaf)
    pdf.add_page()
    pdf.heading(leaf.title, size=17)
    for block in leaf.blocks:
        pdf.block(block)
    if leaf.note:
        pdf.ln(3)
        pdf.note(leaf.note)
    made = bytes(pdf.output())
    pdf.close_fonts()
    return made


class _Sheet(Paper):
    """With blocks of rows, and of tables; from the right where the language is."""

    def __init__(self, leaf: Leaf) -> None:
        super().__init__(
            foot=leaf.title,
            title=leaf.title,
            author=leaf.author,
            made_at=leaf.made_at,
            page_word=say("page", leaf.language),
            from_the_right=leaf.language in RIGHT_TO_LEFT,
        )
        self.set_lang(leaf.language)

    def block(self, block: Block) -> None:
        """A heading and what stands under it."""
        self.section(block.heading)
        if block.columns:
            self._table(block)
        else:
            self.rows((name, said) for name, said in block.rows)
        if block.note is not None:
            self.note(block.note)

    def _table(self, block: Block) -> None:
        self.style(INK, size=9)
        plain = FontFace(emphasis="")
        first = [(12 - LAST_COLUMN_OF_12) // (len(block.columns) - 1) for _ in block.columns[1:]]
        widths, aligns = [*first, LAST_COLUMN_OF_12], ["LEFT"] * len(first) + ["RIGHT"]
        rows = [block.columns, *block.rows]
        if self.from_the_right:
            widths, rows = widths[::-1], [tuple(row[::-1]) for row in rows]
            aligns = ["LEFT"] + ["RIGHT"] * len(first)
        with self.table(
            headings_style=plain,
            col_widths=tuple(widths),
            text_align=tuple(aligns),
            line_height=5.2,
            borders_layout="HORIZONTAL_LINES",
        ) as table:
            for row in rows:
                table.row([self.fit(cell) for cell in row])
