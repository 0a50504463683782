"""The sentence that README, demo and explorer all say; a test holds the README to it."""

PLAY_MONEY = (
    "A simulator for teaching and research. Its coins have no value, are not redeemable, and are not legal tender,"
    " e-money or a payment stablecoin. Not affiliated with Meta, WhatsApp, Novi or the former Libra and Diem"
    " associations; names are used only to tell history. All people, firms and lists are invented."
)
