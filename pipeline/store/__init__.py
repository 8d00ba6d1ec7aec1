"""Recordings, facts, scorecards and human marks in a database, and the tracks in files beside it.

`database` opens it, `tables` says what is in it (`migrations` how it came to be), `store` writes a
call whole or not at all, `claims` keeps two runs from doing the same call, `reading` hands out what
is stored, `marks` keeps what people said, `forgetting` removes every trace of a call.
"""
