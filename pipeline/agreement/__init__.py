"""How well people agree on calls, and how well Qinhe agrees with them.

`ratings` lays marks out as tables of calls by raters, `coefficients` has the statistics as formulas
of sums over calls, `resampling` redraws the calls, `figures` joins the two into a value with its
interval or the reason why there is none, `comparing` compares raters with each other and with the
system, criterion by criterion, `drift` follows a rater over time, `disputes` names the calls on
which people differ, and `report` puts it all together.
"""
