"""Strangers' own tools: witness, monitor, mirror. They stand on ``tlog`` and ``verify`` alone."""
