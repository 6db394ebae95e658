"""Clusters: what the models of Dask and Ray need of their schedulers, nodes and workers."""
