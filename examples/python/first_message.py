"""The first message from Python: an account, a room, a message, the room's history, and what others hear of it.

    pip install ./bindings/python
    python first_message.py confab.json picnic ana
"""

import asyncio
import sys

import confab


async def main(config: str, event: str, user: str) -> None:
    async with confab.Client(config) as chat:
        tenant = chat.tenant()
        account = await tenant.users.provision(user)
        print(f"{user} is {account.user_id}")
        room = await tenant.events.room(event, creator=user)
        print(f"the room is {room.room_id}")
        async with tenant.watch(user) as events:  # what happens from here on is told
            sent = await room.send("The first message", user=user, timeout=10)
            print(f"the message is {sent.event_id}")
            async for happened in events:
                if isinstance(happened, confab.Message) and happened.id == sent.event_id:
                    print(f"arrived: {happened.body}")
                    break
        page = await room.history(user=user, limit=10)
        for message in reversed(page.messages):
            print(f"  {message.sender}: {message.body}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: first_message.py CONFIGURATION EVENT USER")
    try:
        asyncio.run(main(*sys.argv[1:]))
    except confab.Error as error:
        sys.exit(f"{error.code}: {error}")
