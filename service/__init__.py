"""The first half of the way: from a feed's URL to a queued article, and the commands and pages around it.

feed URL -> FetchedDocument -> Entry -> Article =queue=> (workers)
"""
