"""What can be wrong with a bundle: a stable code and one sentence for each."""


class Fault(Exception):
    """The first thing that is wrong.

    Attributes
    ----------
    code
        One of `FAULTS`.
    sentence
        What exactly, for a person.
    """

    def __init__(self, code: str, sentence: str) -> None:
        assert code in FAULTS, code
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence


FAULTS = {
    "bundle_unreadable": "The file is no ZIP archive with the parts of a bundle.",
    "document_malformed": "A document or line is not in the published format.",
    "changed_manifest": "The manifest is not the one that was noticed, signed and used.",
    "unsigned_manifest": "A desk or the board has not signed the manifest.",
    "swapped_roll": "The roll is not the one that the manifest names.",
    "not_on_the_roll": "A desk issued a ballot to nobody on the roll.",
    "double_vote": "A desk issued two ballots to one entry of the roll, or a paper besides.",
    "forged_request": "A ballot was issued that the member's passkey did not ask for.",
    "desks_differ": "The desks do not agree on who votes on paper.",
    "replayed_ballot": "A ballot was made for another vote.",
    "one_desk_alone": "A ballot has the signature of some desks and not of all.",
    "forged_token": "No desk has signed a ballot's key.",
    "forged_ballot": "A ballot or a cancellation is not signed by its own key.",
    "ballot_of_nobody": "An open ballot is of somebody to whom none was issued.",
    "repeated_sequence": "A ballot key has a ballot that is not newer than one before.",
    "ballot_after_cancellation": "A ballot key has a ballot after it was cancelled.",
    "late_ballot": "A ballot came after the close, or the board closed too late to tell.",
    "closed_early": "The board closed before the vote did.",
    "too_many_ballots": "There are more ballots than the desks issued.",
    "too_many_papers": "There are more ballot papers than members who took one.",
    "paper_without_cancellation": "Members with a ballot took a paper and cancelled nothing.",
    "dropped_ballot": "An entry that the board had is missing.",
    "reordered_entries": "The entries are not in the order in which they were made.",
    "changed_entries": "The entries do not give the root that the log's keeper signed.",
    "forked_board": "The board signed another history than the one in the bundle.",
    "unsigned_head": "A log's head is not signed by its keeper.",
    "too_few_witnesses": "Too few witnesses have signed the head of a log.",
    "early_key": "A trustee gave up a share before the vote closed.",
    "too_few_trustees": "Fewer trustees gave up their shares than are needed.",
    "wrong_key": "The key in the bundle is not the one that ballots were sealed to.",
    "wrong_lot": "The lot is not the one that was committed to.",
    "unknown_rule": "This verifier cannot count by the rule of this vote.",
    "broken_recount": "Counting again gives another certificate.",
    "receipt_of_another_vote": "The receipt is of another vote.",
    "false_receipt": "The receipt is not what the board would have given.",
}
