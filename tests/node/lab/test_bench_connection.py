"""The connection that benches pay through: what a validator that hangs up looks like."""

import asyncio

import pytest

from node.lab.bench.figures import BenchError
from node.lab.bench.load import connect


def test_a_validator_that_hangs_up_is_one_clear_error() -> None:
    """`cannot_connect`, whether it closes before the question or instead of an answer."""

    async def story() -> list[str]:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        connection = await connect(server.sockets[0].getsockname())
        told = []
        for _ in range(2):
            with pytest.raises(BenchError) as caught:
                await connection.ask(b"?")
            told.append(caught.value.name)
            await asyncio.sleep(0.05)
        server.close()
        return told

    assert asyncio.run(story()) == ["cannot_connect", "cannot_connect"]
