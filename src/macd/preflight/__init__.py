"""What has to be true of the services before the pipeline starts. Every check only looks.

`macd.local.preflight` is about something else: whether this machine can start the local stack.
"""
