"""One experiment: options, plan, orders, schedule, races, and the session that strings them together."""
