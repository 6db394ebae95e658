"""Why a cell takes the time that it takes: reads stored sessions, measures nothing."""
