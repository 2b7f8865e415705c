"""The story on synthetic data: a made-up life, an app that asks, and each step checked.

Nobody in it is real. It goes through the same faces as a vault of one's own.
"""
