"""The models others trained: which there are, where they lie on this machine, and how they get there.

Looked for in this order: a place that is named, the cache, a package that carries the model as data. Only `fetch` ever
goes to the network. Nothing is used whose SHA-256 is another than the catalogue's.
"""
