"""A seeded simulator of the public family of fleets, in closed loop with any policy (method part 3.5)."""
