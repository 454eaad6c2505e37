"""The table of what libraries can do is the truth about the drivers: nothing is left out silently."""

from harness import table


async def test_drivers_have_what_the_table_says(pool, plain_server):
    wrong = []
    for lib in table.LIBRARIES:
        process = await pool.process(lib, plain_server)
        commands = set(process.hello["commands"])
        for command in table.EVERYWHERE:
            if command not in commands:
                wrong.append(f"{lib} lacks {command}, which every driver must have")
        for command, lacking in table.LACKING.items():
            if (command in commands) == (lib in lacking):
                wrong.append(f"{lib} {'has' if command in commands else 'lacks'} {command}")
        if set(process.hello["transports"]) != set(table.TRANSPORTS[lib]):
            wrong.append(f"{lib} has the transports {process.hello['transports']}")
    assert not wrong, "\n".join(wrong)
