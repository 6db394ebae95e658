"""Clients of a Redis-compatible server that write nothing without an end: what nobody removes vanishes by itself.

Celery, Dramatiq and RQ keep lists, sets and hashes that stay for ever when their processes are killed. Here each write
and the end of its key are one transaction, so that there is no moment at which a kill leaves a key without one.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

#: Every write puts the end of its key off. A message may wait so long for a worker, and a task may take so long.
SECONDS_KEPT = 24 * 3600
#: Commands that leave their first key without an end, if it is new.
_WRITES = frozenset(
    ["HINCRBY", "HMSET", "HSET", "HSETNX", "INCR", "INCRBY", "LPUSH", "PERSIST", "RPUSH", "SADD", "XADD", "ZADD"]
)

#: Commands that write to their second key. Those that wait for an element cannot be part of a transaction: their end
#: follows them at once, the only one that does not come together with the write.
_MOVES = frozenset(["BLMOVE", "BRPOPLPUSH", "LMOVE", "RPOPLPUSH"])


def with_ends(commands: list[Any]) -> tuple[list[Any], list[int]]:
    """The commands of a pipeline, each write followed by an EXPIRE, and the places of those that were there before.

    At once after the write, not at the end: an end that the library itself gives a key later in the pipeline counts.
    """
    all_commands: list[Any] = []
    kept: list[int] = []
    for command in commands:
        kept.append(len(all_commands))
        all_commands.append(command)
        name, *arguments = command[0]
        if name in _WRITES:
            all_commands.append((("EXPIRE", arguments[0], SECONDS_KEPT), {}))
    return all_commands, kept


class _Pipeline:
    """What a pipeline does more than redis-py's."""

    command_stack: list[Any]

    def execute(self, *arguments: Any, **options: Any) -> list[Any]:
        """As usual, with ends."""
        self.command_stack, kept = with_ends(self.command_stack)
        results = super().execute(*arguments, **options)  # type: ignore[misc]  # of the class that this is mixed into
        return [results[place] for place in kept] if kept else results


class _Client:
    """What a client does more than redis-py's."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        """As usual; a write is sent together with the end of its key."""
        if arguments[0] not in _WRITES:
            answer = super().execute_command(*arguments, **options)  # type: ignore[misc]
            if arguments[0] in _MOVES and answer is not None:
                super().execute_command("EXPIRE", arguments[2], SECONDS_KEPT)  # type: ignore[misc]
            return answer
        with self.pipeline() as pipe:  # type: ignore[attr-defined]
            pipe.execute_command(*arguments, **options)
            return pipe.execute()[0]


@functools.cache
def expiring_client() -> type[Redis]:
    """redis.Redis that writes nothing without an end."""
    import redis

    class Pipeline(_Pipeline, redis.client.Pipeline):
        pass

    class Client(_Client, redis.Redis):
        def pipeline(self, transaction: Any = True, shard_hint: Any = None) -> Any:  # noqa: FBT002 - redis-py's own
            return Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)

    return Client


@functools.cache
def expiring_transport() -> type[Any]:
    """The Redis transport of kombu, over clients that write nothing without an end."""
    from kombu.transport import redis as kombu

    class Pipeline(_Pipeline, kombu.PrefixedRedisPipeline):
        pass

    class Client(_Client, kombu.PrefixedStrictRedis):
        def pipeline(self, transaction: Any = True, shard_hint: Any = None) -> Any:  # noqa: FBT002 - redis-py's own
            places = self.connection_pool, self.response_callbacks
            prefix = {"global_keyprefix": self.global_keyprefix}
            return Pipeline(*places, transaction, shard_hint, **prefix)  # type: ignore[no-untyped-call]

    class Channel(kombu.Channel):
        def _get_client(self) -> Callable[..., Any]:
            return functools.partial(Client, global_keyprefix=self.global_keyprefix)

    class Transport(kombu.Transport):
        pass

    Transport.Channel = Channel
    return Transport


#: What Dramatiq's own script does, and afterwards an end for all that it may have written; ARGV and KEYS are its own.
_DISPATCH = """
local function dispatch()
%s
end
local answer = dispatch()
local queue = KEYS[1] .. ':' .. ARGV[3]
local acks = KEYS[1] .. ':__acks__.' .. ARGV[4] .. '.' .. ARGV[3]
for _, key in ipairs({acks, KEYS[1] .. ':__heartbeats__', queue, queue .. '.msgs', queue .. '.XQ', queue .. '.XQ.msgs'})
do redis.call('expire', key, %d) end
return answer
"""


def with_ends_in_script(broker: Any) -> None:
    """Have a RedisBroker of Dramatiq write nothing without an end: all that it writes is written by one script."""
    script = broker.scripts["dispatch"].script
    text = script.decode() if isinstance(script, bytes) else script
    broker.scripts["dispatch"] = broker.client.register_script(_DISPATCH % (text, SECONDS_KEPT))
