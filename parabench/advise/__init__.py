"""Advice on one function of somebody's own: target, items, probe, prediction, race, answer, code to paste.

A run is a session like any other, with one workload that is made of the function. The package can be called:
`parabench.advise(function, items)`.
"""
