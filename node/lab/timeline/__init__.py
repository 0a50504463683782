"""A run as a picture: `model` (lanes and events), filled by `record` (a simulated run) or `live` (a network's logs),
drawn by `html` (with the script in `page`) and `chrome`; `files` writes both.
"""
