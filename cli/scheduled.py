"""What is said of a transaction that was signed for later."""

from typing import Any

from node.client.times import show_time


def scheduled_words(what: str, document: dict[str, Any]) -> list[str]:
    """Lines for people: what will happen, when, and how to follow it."""
    return [
        f"{what} from {show_time(document['valid_from_secs'])} on: signed and handed in, not final",
        f"  {document['hash']}",
        f"  next: mithqal tx wait {document['hash']}",
    ]
