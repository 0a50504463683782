"""What a transfer between two countries costs: published prices, and the receipt that names them."""
