"""What models that start workers share: see all of them up, name a dead one, leave nothing behind."""
