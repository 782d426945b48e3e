"""The entrance to an issuing desk: members ask for a ballot, witnesses for its log; no ballot comes here."""
