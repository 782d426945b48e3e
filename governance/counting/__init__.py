"""The counting rules: ballots in, a result with every stage of its working out.

Each rule is a pure function of ballots, parameters and a lot: no clock, no chance, no I/O, and only
whole numbers and fractions, so that whoever has the ballots comes to the same result by hand. A
rule refuses nothing that a voter wrote: an empty or broken ballot is counted as such and named.

`stv` elects a board, `median` decides a number, `share` a yes or no, `schulze` one of several
texts, `equal_shares` and `most_votes` spend a budget; `lots` settles what votes leave equal. `blt`,
`pabulib` and `line_files` read ballots from text, and `document.document_of` makes any record plain data.
"""
