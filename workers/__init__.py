"""The second half of the way: from a queued article to a webhook.

article -> full text -> Attributions -> Statements -> Stance (weigh) -> Position (fold) -> PositionChange
        -> Alert =outbox=> Delivery -> webhook
"""
