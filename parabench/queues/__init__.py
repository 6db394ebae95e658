"""Task queues over Redis: what their models share, at the client's end and at the workers'. Everything sent is JSON."""
