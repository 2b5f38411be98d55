"""FLORA on localhost: the same answers, real bytes, real money accounting, real faults."""
