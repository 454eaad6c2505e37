"""Waiting for what follows a little later."""

import asyncio


async def eventually(ask, wanted, seconds=10):
    """Asks until the answer is the wanted one (a value, or a test of it), and gives it."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        answer = await ask()
        if wanted(answer) if callable(wanted) else answer == wanted:
            return answer
        assert asyncio.get_running_loop().time() < deadline, f"{answer!r} is not {wanted!r} in {seconds} s"
        await asyncio.sleep(0.1)
