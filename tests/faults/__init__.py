"""Fault programs: what would take minutes in the tests, or kills processes for real.

``python -m tests.faults`` runs all of them, ``--quick`` a tenth of each, and ends with a status
that is not 0 where a bar is missed; ``python -m tests.faults kills`` runs one.
docs/reliability.md says what each bar is.
"""
