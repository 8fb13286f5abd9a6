"""Start-up: the environment, the private servers and the processes of a demo or a test run.

Only the standard library is used here, so that a clean clone can start itself.
"""
