"""What will run out, when, and what to ship: the forecast, the policy and their rows."""
