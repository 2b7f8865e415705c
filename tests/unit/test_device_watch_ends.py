"""Ctrl-C while a device watches: it ends, also if whoever runs then swallows the exception."""

import signal
from contextlib import suppress

import pytest

from sealhold.frontends.cli.device_sync import heard


def test_an_interrupt_that_is_swallowed_ends_a_watch_all_the_same() -> None:
    before = signal.getsignal(signal.SIGINT)
    with heard() as over:
        assert not over.is_set()
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert over.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
