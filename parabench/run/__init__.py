"""Sessions on demand: replicates in fresh processes, of one or several revisions and interpreters, interleaved."""
