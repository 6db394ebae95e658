"""What this computer is: readings of /proc and /sys, cores, interpreter, fingerprint."""
